import ctypes
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from limavm.guestagent.touch import signal

if sys.platform == "win32":
    pytest.skip("a guest is Linux", allow_module_level=True)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a guest is Linux")

WHEN = 1_700_000_000_123_456_789
LATER = WHEN + 5_000_000_000
#: Later than the ctime that a file of the tests has.
FUTURE = 4_000_000_000_000_000_000
ACCESS, MODIFY, ATTRIB, CLOSE_WRITE, CLOSE_NOWRITE, OPEN = 1, 2, 4, 8, 16, 32
CHANGES = 0xFC6  # all but access, open and close without a change
#: A device that no file is on: the tests' files are not in mounts.
NONE = -1


class Watch:
    """What inotify tells of one directory, to a program that has nothing to do with ours."""

    def __init__(self, directory: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self.descriptor, os.fsencode(directory), 0xFFF) > 0

    def seen(self) -> list[tuple[str, int]]:
        try:
            data = os.read(self.descriptor, 65536)
        except BlockingIOError:
            return []
        found, at = [], 0
        while at < len(data):
            _, mask, _, length = struct.unpack_from("iIII", data, at)
            found.append((data[at + 16 : at + 16 + length].rstrip(b"\0").decode(), mask & 0xFFF))
            at += 16 + length
        return found


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    found = Watch(tmp_path)
    yield found
    os.close(found.descriptor)


def made(path: Path, mtime: int = WHEN, content: str = "content") -> Path:
    path.write_text(content)
    os.utime(path, ns=(WHEN - 7, mtime))
    return path


def test_programs_are_told_that_a_file_is_modified_and_the_file_stays_as_it_is(tmp_path: Path, watch: Watch) -> None:
    before = made(tmp_path / "file").stat()
    watch.seen()

    signal(str(tmp_path / "file"), WHEN, own_device=NONE)

    after = (tmp_path / "file").stat()
    assert [event for event in watch.seen() if event[1] & CHANGES] == [("file", MODIFY), ("file", ATTRIB)]
    if sys.platform == "linux":
        assert os.listxattr(tmp_path / "file") == []
    assert (after.st_mtime_ns, after.st_atime_ns, after.st_size) == (WHEN, before.st_atime_ns, before.st_size)


def test_a_directory_whose_names_have_changed_is_told_to_those_who_watch_it(tmp_path: Path, watch: Watch) -> None:
    os.utime(tmp_path, ns=(WHEN, WHEN))
    watch.seen()

    signal(str(tmp_path), WHEN, own_device=NONE)

    assert ("", ATTRIB) in watch.seen()
    assert tmp_path.stat().st_mtime_ns == WHEN


def test_a_file_that_has_changed_since_does_not_become_older(tmp_path: Path, watch: Watch) -> None:
    file = made(tmp_path / "file", LATER)
    watch.seen()

    signal(str(file), WHEN, own_device=NONE)

    assert file.stat().st_mtime_ns == LATER
    assert ("file", MODIFY) in watch.seen()


def test_a_time_that_the_guest_remembers_from_before_is_replaced(tmp_path: Path) -> None:
    file = made(tmp_path / "file", WHEN)

    signal(str(file), FUTURE, own_device=NONE)

    assert file.stat().st_mtime_ns == FUTURE


def test_an_earlier_time_that_a_program_has_set_since_stays(tmp_path: Path, watch: Watch) -> None:
    """As tar does after it has written a file, of which the host has told us."""
    file = made(tmp_path / "file", WHEN)
    watch.seen()

    signal(str(file), LATER, own_device=NONE)

    assert file.stat().st_mtime_ns == WHEN
    assert ("file", MODIFY) in watch.seen()


def test_a_file_is_asked_for_again_only_if_its_time_is_not_the_one_told(tmp_path: Path, watch: Watch) -> None:
    file = made(tmp_path / "file", WHEN // 10**9 * 10**9)
    watch.seen()

    signal(str(file), WHEN, own_device=NONE)  # SFTP has whole seconds
    assert not any(mask & OPEN for _, mask in watch.seen())

    signal(str(file), LATER, own_device=NONE)
    assert any(mask & OPEN for _, mask in watch.seen())


def test_no_file_is_ever_opened_for_writing(tmp_path: Path, watch: Watch) -> None:
    file = made(tmp_path / "file")
    watch.seen()

    signal(str(file), LATER, own_device=NONE)

    assert not any(mask & CLOSE_WRITE for _, mask in watch.seen())


def test_a_link_and_what_it_leads_to_stay_as_they_are(tmp_path: Path) -> None:
    file, link = made(tmp_path / "roots"), tmp_path / "link"
    link.symlink_to(file)
    before = link.lstat().st_mtime_ns

    signal(str(link), LATER, own_device=NONE)

    assert file.stat().st_mtime_ns == WHEN
    assert link.lstat().st_mtime_ns == before


def test_a_pipe_is_not_opened(tmp_path: Path, watch: Watch) -> None:
    os.mkfifo(tmp_path / "pipe")
    watch.seen()

    signal(str(tmp_path / "pipe"), LATER, own_device=NONE)

    assert watch.seen() == []


@pytest.mark.parametrize("path", ["none", "none/below", "file/below"])
def test_a_file_that_does_not_exist_is_not_made(tmp_path: Path, path: str) -> None:
    made(tmp_path / "file")

    signal(str(tmp_path / path), WHEN, own_device=NONE)

    assert os.listdir(tmp_path) == ["file"]


def test_nothing_is_done_on_the_guests_own_file_system(tmp_path: Path, watch: Watch) -> None:
    file = made(tmp_path / "file")
    watch.seen()

    signal(str(file), LATER, own_device=file.stat().st_dev)

    assert file.stat().st_mtime_ns == WHEN
    assert watch.seen() == []


def test_where_no_time_can_be_set_a_file_is_opened_and_closed(tmp_path: Path, watch: Watch) -> None:
    file = tmp_path / "file"
    file.touch()
    os.utime(file, ns=(0, -5_000_000_000))  # before 1970
    watch.seen()

    signal(str(file), WHEN, own_device=NONE)

    assert watch.seen() == [("file", OPEN), ("file", CLOSE_NOWRITE)]
    assert file.stat().st_mtime_ns == -5_000_000_000


def test_a_program_that_sets_the_times_of_a_directory_while_it_is_told_loses_none(tmp_path: Path) -> None:
    """As tar does when it has unpacked all that is in it."""
    directory = tmp_path / "directory"
    directory.mkdir()

    assert lost(directory, lambda: signal(str(directory), WHEN, own_device=NONE)) == 0


def lost(path: Path, tell: Callable[[], object], times: int = 300) -> int:
    """How many times that are set while the file is told are not there after that."""
    found = 0
    for number in range(times):
        begin = threading.Barrier(2)

        def told(begin: threading.Barrier = begin) -> None:
            begin.wait()
            tell()

        thread = threading.Thread(target=told)
        thread.start()
        begin.wait()
        wanted = (LATER + number, WHEN + number)
        os.utime(path, ns=wanted)
        thread.join()
        status = path.stat()
        found += (status.st_atime_ns, status.st_mtime_ns) != wanted
    return found


@pytest.mark.parametrize("is_directory", [False, True])
def test_a_server_that_takes_no_time_for_one_is_put_right(tmp_path: Path, watch: Watch, is_directory: bool) -> None:
    """The file system of the test is such a server. What ours does is a matter of its own tests."""
    file = tmp_path / "file"
    if is_directory:
        file.mkdir()
    else:
        file.touch()
    os.utime(file, ns=(WHEN, LATER))
    watch.seen()

    signal(str(file), LATER, own_device=NONE, over_sftp=True)

    assert {event for event in watch.seen() if event[1] & CHANGES} >= {("file", ATTRIB)}
    assert (file.stat().st_atime_ns, file.stat().st_mtime_ns) == (WHEN, LATER)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, watch: Watch) -> None:
    file = made(tmp_path / "file")
    file.chmod(0)
    watch.seen()

    signal(str(file), LATER, own_device=NONE)

    assert ("file", MODIFY) in watch.seen()
