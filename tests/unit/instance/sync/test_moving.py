import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.instance.sync.moving import ChangedError, change_mode, entered, give, move, opened

if sys.platform == "win32":
    pytest.skip("directories are not copied on Windows", allow_module_level=True)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[int]:
    descriptor = opened(str(tmp_path))
    yield descriptor
    os.close(descriptor)


def test_directories_are_entered_one_by_one(tmp_path: Path, here: int) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)

    with entered(here, "a/b") as there:
        os.mkdir("c", dir_fd=there)
    with entered(here, "") as there:
        os.mkdir("d", dir_fd=there)

    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert (tmp_path / "d").is_dir()


@pytest.mark.parametrize("kind", ["link", "file", "nothing"])
def test_what_is_no_directory_is_not_entered(tmp_path: Path, here: int, kind: str) -> None:
    if kind == "link":
        (tmp_path / "x").symlink_to("/tmp")
    if kind == "file":
        (tmp_path / "x").touch()

    with pytest.raises(ChangedError), entered(here, "x/y"):
        pass
    with pytest.raises(ChangedError), entered(here, "x"):
        pass


def test_descriptors_are_closed(tmp_path: Path, here: int) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    lowest = os.dup(here)
    os.close(lowest)

    for folder in ("a/b", "a/missing/c"):
        try:
            with entered(here, folder):
                pass
        except ChangedError:
            pass

    after = os.dup(here)
    os.close(after)
    assert after == lowest


def test_a_new_file_replaces_nothing(tmp_path: Path, here: int) -> None:
    (tmp_path / "new").write_text("new")
    (tmp_path / "mine").write_text("mine")

    with pytest.raises(ChangedError):
        move("new", here, "mine", here, replace=False)

    assert (tmp_path / "mine").read_text() == "mine"


def test_without_hard_links_a_new_file_is_renamed(tmp_path: Path, here: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "new").write_text("new")
    (tmp_path / "mine").write_text("mine")

    move("new", here, "there", here, replace=False)
    (tmp_path / "new").write_text("newer")
    with pytest.raises(ChangedError):
        move("new", here, "mine", here, replace=False)

    assert (tmp_path / "there").read_text() == "new"
    assert (tmp_path / "mine").read_text() == "mine"


def other_file_system(tmp_path: Path) -> Path | None:
    shm = Path("/dev/shm")
    return shm if shm.is_dir() and os.stat(shm).st_dev != os.stat(tmp_path).st_dev else None


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_is_copied_to_another_file_system(tmp_path: Path, here: int, replace: bool, kind: str) -> None:
    shm = other_file_system(tmp_path)
    if shm is None:
        pytest.skip("there is no other file system")
    source = shm / f"lima-test-{os.getpid()}"
    target = tmp_path / "target"
    if kind == "link":
        source.symlink_to("nowhere")
    else:
        source.write_text("text")
        source.chmod(0o640)
        os.utime(source, ns=(5, 5))
    if replace:
        target.write_text("old")
    staged = opened(str(shm))
    try:
        move(source.name, staged, "target", here, replace=replace)
    finally:
        os.close(staged)
        source.unlink(missing_ok=True)

    assert os.listdir(tmp_path) == ["target"]
    if kind == "link":
        assert os.readlink(target) == "nowhere"
    else:
        assert target.read_text() == "text"
        assert (target.stat().st_mode & 0o777, target.stat().st_mtime_ns) == (0o640, 5)


def test_the_special_bits_of_the_host_stay(tmp_path: Path, here: int) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o2750)

    change_mode("shared", here, 0o7777 & 0o775)

    assert (tmp_path / "shared").stat().st_mode & 0o7777 == 0o2775


def test_the_mode_of_a_link_is_nobodys(tmp_path: Path, here: int) -> None:
    (tmp_path / "file").touch(0o600)
    (tmp_path / "link").symlink_to("file")

    change_mode("link", here, 0o777)

    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_file_gets_its_mode(tmp_path: Path, here: int) -> None:
    (tmp_path / "new").touch(0o600)
    (tmp_path / "old").touch(0o644)

    give("new", here, 0o751, here, "old")

    assert (tmp_path / "new").stat().st_mode & 0o7777 == 0o751
