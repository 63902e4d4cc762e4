"""Renames where the system cannot be told to replace nothing: what is there is never lost."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("nothing is shared by SFTP on Windows", allow_module_level=True)

assert sys.platform != "win32"

from limavm.sftp import naming  # noqa: E402 - it is not for Windows
from limavm.sftp.beneath import Place  # noqa: E402 - it is not for Windows

Rename = Callable[[Place, Place], None]

#: Without renameat2, and without hard links as well.
WAYS: dict[str, Rename] = {
    "in steps": lambda source, target: naming.rename_to_new(source, target, at_once=False),
    "over our own file": naming.rename_over_own_file,
}


@pytest.fixture
def top(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def place(top: int, name: str) -> Place:
    return Place(top, name.encode(), owned=False)


def made(path: Path, kind: str) -> None:
    if kind == "file":
        path.write_text(path.name)
    elif kind == "link":
        path.symlink_to(path.name)
    else:
        path.mkdir()
        if kind == "full directory":
            (path / "in").write_text(path.name)


def seen(path: Path) -> object:
    if path.is_symlink():
        return os.readlink(path)
    return sorted(one.name for one in path.iterdir()) if path.is_dir() else path.read_text()


KINDS = ("file", "link", "directory", "full directory")


@pytest.mark.parametrize("there", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_there_is_replaced(tmp_path: Path, top: int, kind: str, there: str) -> None:
    made(tmp_path / "old", kind)
    made(tmp_path / "new", there)
    before = [seen(tmp_path / name) for name in ("old", "new")]

    with pytest.raises(FileExistsError):
        naming.rename_to_new(place(top, "old"), place(top, "new"), at_once=False)

    assert [seen(tmp_path / name) for name in ("old", "new")] == before


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_free_is_taken(tmp_path: Path, top: int, kind: str) -> None:
    made(tmp_path / "old", kind)
    before = seen(tmp_path / "old")

    naming.rename_to_new(place(top, "old"), place(top, "new"), at_once=False)

    assert os.listdir(tmp_path) == ["new"]
    assert seen(tmp_path / "new") == before


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_without_a_second_name_is_renamed_too(tmp_path: Path, top: int, kind: str) -> None:
    made(tmp_path / "old", kind)
    made(tmp_path / "there", "file")
    before = seen(tmp_path / "old")

    with pytest.raises(FileExistsError):
        naming.rename_over_own_file(place(top, "old"), place(top, "there"))
    naming.rename_over_own_file(place(top, "old"), place(top, "new"))

    assert seen(tmp_path / "new") == before
    assert seen(tmp_path / "there") == "there"


def test_what_cannot_be_renamed_leaves_nothing_behind(tmp_path: Path, top: int) -> None:
    (tmp_path / "directory").mkdir()

    fd = os.open(tmp_path / "directory", os.O_RDONLY)
    with Place(fd, b"below", owned=True) as below, pytest.raises(OSError, match="Invalid"):
        naming.rename_to_new(place(top, "directory"), below, at_once=False)
    for way in WAYS.values():
        with pytest.raises(FileNotFoundError):
            way(place(top, "none"), place(top, "new"))

    assert list(tmp_path.rglob("*")) == [tmp_path / "directory"]


@pytest.mark.parametrize("way", WAYS)
def test_of_two_renames_at_once_one_fails_and_nothing_is_lost(tmp_path: Path, top: int, way: str) -> None:
    for number in range(200):
        names = [f"{number}-{one}" for one in "ab"]
        for name in names:
            made(tmp_path / name, "file")
        begin = threading.Barrier(2)

        def renamed(name: str, number: int = number, begin: threading.Barrier = begin) -> None:
            begin.wait()
            with contextlib.suppress(FileExistsError):
                WAYS[way](place(top, name), place(top, f"{number}"))

        threads = [threading.Thread(target=renamed, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        left = sorted(path.read_text() for path in tmp_path.glob(f"{number}*"))
        assert left == names


def test_a_directory_that_is_made_at_the_same_time_is_not_replaced(tmp_path: Path, top: int) -> None:
    for number in range(200):
        old, new = tmp_path / f"old-{number}", tmp_path / f"new-{number}"
        old.mkdir()
        begin, is_made = threading.Barrier(2), threading.Event()

        def make(new: Path = new, begin: threading.Barrier = begin, is_made: threading.Event = is_made) -> None:
            begin.wait()
            with contextlib.suppress(FileExistsError):
                new.mkdir()
                is_made.set()

        thread = threading.Thread(target=make)
        thread.start()
        begin.wait()
        with contextlib.suppress(FileExistsError):
            naming.rename_to_new(place(top, old.name), place(top, new.name), at_once=False)
        thread.join()

        assert old.exists() is is_made.is_set()
        assert new.exists()
