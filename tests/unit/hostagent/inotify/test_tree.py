import errno
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from limavm.hostagent.inotify import kernel
from limavm.hostagent.inotify.changes import Sign
from limavm.hostagent.inotify.kernel import Event, Inotify
from limavm.hostagent.inotify.tree import Tree

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")

LIMIT = 20
ANY = Sign(0)


class Seen:
    """What a tree has told, and a way to wait for it."""

    def __init__(self) -> None:
        self.signs: dict[str, Sign] = {}
        self.calls = 0
        self._news = threading.Condition()

    def __call__(self, path: str, sign: Sign) -> None:
        with self._news:
            self.calls += 1
            self.signs[path] = self.signs.get(path, Sign(0)) | sign
            self._news.notify_all()

    def wait(self, *paths: Path, sign: Sign = ANY) -> None:
        with self._news:
            assert self._news.wait_for(
                lambda: all(sign in self.signs.get(str(path), Sign(0)) and str(path) in self.signs for path in paths),
                timeout=LIMIT,
            ), f"{[str(path) for path in paths if str(path) not in self.signs][:5]} not told"

    def forget(self) -> None:
        with self._news:
            self.signs.clear()


class Losing(Inotify):
    """Forgets what it was to tell, when asked to."""

    loses = False

    def read(self) -> list[Event]:
        found = super().read()
        if found and type(self).loses:
            type(self).loses = False
            return [Event(-1, kernel.OVERFLOW, "")]
        return found


def identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def watching(
    top: Path, *, inotify: Callable[[], Inotify] = Inotify, most: int | None = None
) -> Iterator[tuple[Tree, Seen]]:
    """A tree that watches this directory, when it has told of a file that was made in it."""
    seen = Seen()
    tree = Tree(seen, inotify=inotify, most=most)
    tree.start()
    try:
        tree.watch({str(top): identity(top)})
        settle(tree, seen, top)
        yield tree, seen
    finally:
        tree.close()
    assert not tree.is_alive()


def settle(tree: Tree, seen: Seen, top: Path) -> None:
    """Return when everything that is there is watched: new directories come after what waits already."""
    mark = top / ".mark"
    number = 0
    while str(mark) not in seen.signs:
        (top / f".mark{number}").touch()
        number += 1
        with seen._news:
            if seen._news.wait_for(lambda: bool(seen.signs), timeout=0.05) and tree.is_done:
                break
    for name in range(number):
        (top / f".mark{name}").unlink(missing_ok=True)
    mark.touch()
    seen.wait(mark)
    mark.unlink()
    seen.forget()


@pytest.fixture
def top(tmp_path: Path) -> Path:
    made = tmp_path / "top"
    (made / "a" / "b" / "c").mkdir(parents=True)
    (made / "a" / "b" / "c" / "old").write_text("old")
    return made


def test_a_file_that_is_made_is_told_with_its_directory(top: Path) -> None:
    with watching(top) as (_, seen):
        (top / "new").write_text("x")

        seen.wait(top / "new", sign=Sign.NAMED | Sign.MODIFIED | Sign.CLOSED)
        seen.wait(top, sign=Sign.NAMED)


def test_changes_in_directories_that_were_there_are_told(top: Path) -> None:
    deep = top / "a" / "b" / "c"
    with watching(top) as (_, seen):
        (deep / "old").write_text("changed")
        seen.wait(deep / "old", sign=Sign.MODIFIED | Sign.CLOSED)

        (deep / "old").chmod(0o600)
        (deep / "old").unlink()
        seen.wait(deep / "old", deep, sign=Sign.NAMED)


def test_an_editor_that_writes_beside_and_renames_is_seen(top: Path) -> None:
    deep = top / "a" / "b" / "c"
    with watching(top) as (_, seen):
        (deep / ".old.swp").write_text("saved")
        (deep / ".old.swp").rename(deep / "old")

        seen.wait(deep / "old", deep / ".old.swp", deep, sign=Sign.NAMED)


def test_files_in_directories_that_are_new_are_told_however_soon_they_are_made(top: Path) -> None:
    files = [top / f"{number}" / "x" / "y" / "z" / "file" for number in range(50)]
    with watching(top) as (_, seen):
        for file in files:
            file.parent.mkdir(parents=True)
            file.touch()

        seen.wait(*files)
        for file in files:
            file.write_text("x")
        seen.wait(*files, sign=Sign.MODIFIED)


def test_a_directory_that_is_renamed_is_watched_by_its_new_name(top: Path) -> None:
    with watching(top) as (_, seen):
        (top / "a").rename(top / "n")
        seen.wait(top / "a", top / "n", top, sign=Sign.NAMED)

        (top / "n" / "b" / "c" / "old").write_text("x")
        while str(top / "n" / "b" / "c" / "old") not in seen.signs:
            (top / "n" / "b" / "c" / "old").write_text("y")
        assert not any(path.startswith(str(top / "a" / "b")) for path in seen.signs)


def test_a_directory_that_leaves_is_not_watched_any_more(top: Path, tmp_path: Path) -> None:
    with watching(top) as (tree, seen):
        before = tree.watched
        (top / "a").rename(tmp_path / "elsewhere")
        seen.wait(top / "a")
        (top / "end").touch()
        seen.wait(top / "end")
        seen.forget()

        (tmp_path / "elsewhere" / "b" / "c" / "old").write_text("x")
        (top / "mark").touch()
        seen.wait(top / "mark")

        # What is told of `end` may come in two parts, the second one after we forgot the first.
        assert set(seen.signs) <= {str(top), str(top / "end"), str(top / "mark")}
        assert tree.watched == before - 3


def test_links_are_not_followed(top: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (top / "link").symlink_to(tmp_path / "other")
    with watching(top) as (tree, seen):
        (tmp_path / "other" / "file").touch()
        (top / "loop").symlink_to(top)
        seen.wait(top / "loop")
        (top / "mark").touch()
        seen.wait(top / "mark")

        assert not [path for path in seen.signs if "other" in path or "file" in path]
        assert tree.watched == 4


def test_when_the_kernel_loses_events_what_has_changed_is_found(top: Path) -> None:
    Losing.loses = False
    deep = top / "a" / "b" / "c"
    with watching(top, inotify=Losing) as (_, seen):
        Losing.loses = True
        (deep / "new").write_text("x")
        (deep / "dir").mkdir()
        (deep / "dir" / "in it").write_text("x")
        seen.wait(deep / "new", deep, deep / "dir" / "in it", sign=Sign.NAMED)
        assert Losing.loses is False

        seen.forget()
        (deep / "dir" / "later").write_text("x")
        seen.wait(deep / "dir" / "later")


def test_a_storm_of_20000_files_is_told_without_one_missing(top: Path) -> None:
    files = [top / f"d{number % 200}" / f"{number}" for number in range(20_000)]
    with watching(top) as (_, seen):
        for directory in sorted({file.parent for file in files}):
            directory.mkdir()
        for file in files:
            file.touch()

        seen.wait(*files)
        assert seen.calls < 6 * len(files)


def test_when_no_more_can_be_watched_the_rest_is_and_it_is_told_once(
    top: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with watching(top, most=2) as (tree, seen):
        for number in range(100):
            (top / f"d{number}").mkdir()
        (top / "file").write_text("x")
        seen.wait(top / "file", top / "d99")

        assert tree.watched == 2
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "sysctl fs.inotify.max_user_watches=" in warnings[0]


def test_when_the_kernel_allows_no_more_the_rest_is_watched(top: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Few(Inotify):
        def watch(self, directory: str) -> int:
            if directory != str(top):
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().watch(directory)

    with watching(top, inotify=Few) as (_, seen):
        (top / "file").write_text("x")
        seen.wait(top / "file")

    assert "max_user_watches" in caplog.text


def test_a_directory_that_may_not_be_read_holds_up_no_other(top: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Forbidden(Inotify):
        def watch(self, directory: str) -> int:
            if os.path.basename(directory).startswith("secret"):
                raise PermissionError(errno.EACCES, "Permission denied")
            return super().watch(directory)

    for number in range(10):
        (top / f"secret{number}").mkdir()
    with watching(top, inotify=Forbidden) as (_, seen):
        (top / "a" / "file").write_text("x")
        seen.wait(top / "a" / "file")

    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


def test_a_directory_that_vanishes_and_returns_is_watched_again(top: Path) -> None:
    with watching(top) as (tree, seen):
        shutil.rmtree(top)
        seen.wait(top / "a")

        (top / "a").mkdir(parents=True)
        (top / "a" / "file").touch()
        while str(top / "a" / "file") not in seen.signs:
            tree.watch({str(top): identity(top)})
        seen.wait(top, top / "a", top / "a" / "file", sign=Sign.NAMED)

        seen.forget()
        (top / "a" / "file").write_text("x")
        seen.wait(top / "a" / "file")


def test_what_is_not_wanted_any_more_is_not_watched(top: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with watching(top) as (tree, seen):
        tree.watch({str(other): identity(other)})
        while not (tree.watched == 1 and str(other / "mark") in seen.signs):
            (other / "mark").touch()
        seen.forget()
        (top / "file").touch()
        (other / "file").touch()
        seen.wait(other / "file")

        assert str(top / "file") not in seen.signs


def test_one_that_was_not_started_can_be_closed() -> None:
    Tree(Seen()).close()
