import sys
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.host import paths

HOME = "USERPROFILE" if sys.platform == "win32" else "HOME"


def test_lima_home_is_in_the_home_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LIMA_HOME", raising=False)
    monkeypatch.setenv(HOME, str(tmp_path))

    assert paths.lima_home() == str(tmp_path / ".lima")
    assert paths.instance_dir("a") == str(tmp_path / ".lima" / "a")
    assert paths.config_dir() == str(tmp_path / ".lima" / "_config")


def test_lima_home_may_be_anywhere_and_a_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / "link"))

    assert paths.lima_home() == str((tmp_path / "real").resolve())


def test_a_lima_home_that_is_no_text_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMA_HOME", "/tmp/\udcff")

    with pytest.raises(UserError, match="not UTF-8"):
        paths.lima_home()


def test_an_unknown_home_directory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME, raising=False)
    monkeypatch.delenv("LIMA_HOME", raising=False)

    with pytest.raises(UserError, match="home directory is unknown"):
        paths.lima_home()


@pytest.mark.skipif(sys.platform not in ("linux", "netbsd"), reason="the cache is elsewhere there")
def test_the_cache_follows_the_desktop_standard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert paths.cache_dir() == str(tmp_path / "lima")

    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.cache_dir() == str(tmp_path / ".cache" / "lima")


@pytest.mark.parametrize("name", ["a", "A1", "web-1.test", "a_b", "1", "x" * 76])
def test_a_good_name_is_accepted(name: str) -> None:
    paths.check_instance_name(name)

    assert paths.is_instance_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-a",
        "a-",
        "a--b",
        "a..b",
        ".a",
        "a b",
        "a/b",
        "../a",
        "ä",
        "x" * 77,
        "a\n",
        "a.yaml",
        "a.YML",
        "a:b",
        "_config",
        "\udcff",
    ],
)
def test_a_bad_name_is_refused_with_the_rule_that_it_breaks(name: str) -> None:
    assert not paths.is_instance_name(name)
    with pytest.raises(UserError, match="the name"):
        paths.check_instance_name(name)


def test_a_directory_too_long_for_sockets_is_refused() -> None:
    paths.check_socket_length("/" + "x" * 70)
    with pytest.raises(UserError, match="too long for sockets") as caught:
        paths.check_socket_length("/" + "ä" * 60)

    assert "LIMA_HOME" in str(caught.value.hint)


@pytest.mark.parametrize(
    "name", ["ha.stdout.log", "ha.stderr.log", "image", "disk", "basedisk", "diffdisk", "cidata.iso"]
)
def test_these_files_make_an_existing_instance(name: str, tmp_path: Path) -> None:
    (tmp_path / "lima.yaml").touch()
    assert not paths.exists_as_instance(str(tmp_path))

    (tmp_path / name).symlink_to("dangling")
    assert paths.exists_as_instance(str(tmp_path))


def test_a_relative_lima_home_is_made_absolute_before_it_exists(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIMA_HOME", "new/home")

    assert paths.lima_home() == str(tmp_path / "new" / "home")
