import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.hostagent.inotify.changes import Sign
from limavm.hostagent.inotify.directories import NOTHING, Directories
from limavm.hostagent.inotify.kernel import Inotify

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


class Found:
    """Directories below `top`, and what they found to be news."""

    def __init__(self, top: Path) -> None:
        self.news: dict[str, Sign] = {}
        self.directories = Directories(self.news.__setitem__, make=Inotify, most=100)
        self.directories.tops = {str(top): identity(top)}

    def worked(self) -> None:
        while not self.directories.is_done:
            self.directories.work(lambda: False)


def identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


@pytest.fixture
def top(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "file").touch()
    return top


@pytest.fixture
def found(top: Path) -> Iterator[Found]:
    found = Found(top)
    yield found
    found.directories.inotify.close()


def test_all_below_is_watched_and_what_is_there_is_no_news(top: Path, found: Found) -> None:
    found.directories.add(str(top), NOTHING)
    found.worked()

    assert len(found.directories) == 3
    assert found.news == {}


def test_what_has_changed_since_then_is_news(top: Path, found: Found) -> None:
    os.utime(top / "a" / "file", (1, 1))
    (top / "a" / "new").touch()

    found.directories.add(str(top), time.time() - 60)
    found.worked()

    assert str(top / "a" / "new") in found.news


def test_what_is_below_no_top_is_not_watched(top: Path, found: Found) -> None:
    found.directories.add(str(top.parent), NOTHING)
    found.worked()

    assert len(found.directories) == 0


def test_a_top_that_is_another_directory_by_now_is_forgotten(top: Path, found: Found) -> None:
    found.directories.add(str(top), NOTHING)
    found.worked()

    found.directories.end_with({str(top): identity(top)})
    assert len(found.directories) == 3

    found.directories.end_with({str(top): (0, 0)})
    assert len(found.directories) == 0


def test_all_is_watched_again_when_events_were_lost(top: Path, found: Found) -> None:
    found.directories.add(str(top), NOTHING)
    found.worked()
    before = found.directories.inotify

    found.directories.begin_anew(time.time() - 60)
    found.worked()

    assert found.directories.inotify is not before
    assert len(found.directories) == 3
    assert str(top / "a" / "file") in found.news


def test_who_is_to_end_works_no_more(top: Path, found: Found) -> None:
    found.directories.add(str(top), NOTHING)
    found.directories.work(lambda: True)

    assert not found.directories.is_done
    assert len(found.directories) == 0
