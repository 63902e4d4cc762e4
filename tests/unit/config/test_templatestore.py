import os
from pathlib import Path

import pytest

from limavm.config.templatestore import BUILT_IN, find_template, template_names
from limavm.errors import NotFoundError, UserError


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("cpus: 1\n")


def test_the_built_in_templates_are_listed(lima_home: Path) -> None:
    names = template_names()

    assert names == sorted(names)
    assert {"default", "debian", "_images/debian-13", "_default/mounts", "experimental/vnc"} <= set(names)


def test_templates_of_the_user_win(lima_home: Path) -> None:
    built_in = template_names()
    put(lima_home / "_templates", "debian.yaml", "my/own.yaml", ".hidden.yaml", "note.txt", ".git/x.yaml")

    assert find_template("debian") == str(lima_home / "_templates" / "debian.yaml")
    assert find_template("my/own") == str(lima_home / "_templates" / "my" / "own.yaml")
    assert template_names() == sorted([*built_in, "my/own"])


def test_a_path_of_the_environment_replaces_all_others(
    lima_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "a", "x.yaml")
    put(tmp_path / "b", "x.yaml", "y.yaml")
    monkeypatch.setenv("LIMA_TEMPLATES_PATH", os.pathsep.join([str(tmp_path / "a"), "", str(tmp_path / "b")]))

    assert template_names() == ["x", "y"]
    assert find_template("x") == str(tmp_path / "a" / "x.yaml")
    with pytest.raises(NotFoundError):
        find_template("debian")


@pytest.mark.parametrize(
    ("name", "file"),
    [("ubuntu-24.04", "ubuntu-24.04.yaml"), ("a", "a.yaml"), ("b.", "b..yaml"), ("docker.sh", "docker.sh")],
)
def test_an_extension_is_added_to_names(lima_home: Path, name: str, file: str) -> None:
    put(lima_home / "_templates", file)

    assert find_template(name) == str(lima_home / "_templates" / file)


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("experimental/vz", "--vm-type=vz"),
        ("vmnet", "--network=lima:shared"),
        ("experimental/armv7l.yaml", "--arch=armv7l"),
    ],
)
def test_a_template_that_older_versions_had_is_explained(lima_home: Path, name: str, flag: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_template(name)

    assert caught.value.hint is not None
    assert caught.value.hint.endswith(f"with {flag}")


@pytest.mark.parametrize(("name", "meant"), [("debain", "debian"), ("Ubuntu-2404", "ubuntu-24.04"), ("xyz", None)])
def test_a_name_that_is_nearly_one_is_explained(lima_home: Path, name: str, meant: str | None) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_template(name)

    assert caught.value.hint is not None
    assert caught.value.hint.startswith(f"did you mean template:{meant}? ") == (meant is not None)
    assert "--list-templates" in caught.value.hint


def test_a_directory_that_cannot_be_read_is_not_passed_over(
    lima_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setenv("LIMA_TEMPLATES_PATH", str(tmp_path / "loop"))

    with pytest.raises(UserError, match="the template cannot be read: Too many levels of symbolic links"):
        find_template("debian")


def test_templates_beside_the_program_come_before_our_own(
    lima_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "share" / "lima" / "templates"
    shared.mkdir(parents=True)
    (shared / "debian.yaml").write_text("cpus: 1\n")
    monkeypatch.setattr("sys.argv", [str(tmp_path / "bin" / "limactl")])

    assert find_template("debian") == str(shared / "debian.yaml")
    assert find_template("docker").startswith(BUILT_IN)


@pytest.mark.parametrize("name", ["", "..", "../x", "a/../b", "/etc/passwd", "a\0b"])
def test_a_name_that_leaves_the_store_is_refused(lima_home: Path, name: str) -> None:
    with pytest.raises(UserError):
        find_template(name)
