import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.hostagent.inotify import kernel
from limavm.hostagent.inotify.kernel import Inotify

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@pytest.fixture
def inotify() -> Iterator[Inotify]:
    made = Inotify()
    yield made
    made.close()


def test_events_have_the_directory_and_the_name(tmp_path: Path, inotify: Inotify) -> None:
    watch = inotify.watch(str(tmp_path))
    name = "ein Name\n mit \udcff"
    (tmp_path / name).touch()

    assert inotify.read()[0] == (watch, kernel.CREATE, name)


def test_a_directory_is_marked(tmp_path: Path, inotify: Inotify) -> None:
    inotify.watch(str(tmp_path))
    (tmp_path / "d").mkdir()

    assert [event.mask for event in inotify.read()] == [kernel.CREATE | kernel.IS_DIRECTORY]


def test_reading_does_not_wait(inotify: Inotify) -> None:
    assert inotify.read() == []


def test_what_is_not_watched_any_more_tells_nothing(tmp_path: Path, inotify: Inotify) -> None:
    watch = inotify.watch(str(tmp_path))
    inotify.unwatch(watch)
    inotify.unwatch(watch)
    (tmp_path / "f").touch()

    assert inotify.read() == [(watch, kernel.IGNORED, "")]


@pytest.mark.parametrize(("name", "number"), [("file", errno.ENOTDIR), ("link", errno.ENOTDIR), ("none", errno.ENOENT)])
def test_only_directories_are_watched_and_no_links_are_followed(
    tmp_path: Path, inotify: Inotify, name: str, number: int
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(OSError, match="directory") as caught:
        inotify.watch(str(tmp_path / name))

    assert caught.value.errno == number


def test_closing_twice_harms_nothing(inotify: Inotify) -> None:
    descriptor = inotify.fileno()
    inotify.close()
    inotify.close()

    assert inotify.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_limits_of_the_user_are_known() -> None:
    assert kernel.limit("watches") > 0
    assert kernel.limit("nonsense") == 0
