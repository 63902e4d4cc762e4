import asyncio
import ctypes
import logging
import os
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from limavm.guestagent.inotify import Signals, signal
from limavm.wire.guestservice_pb2 import Inotify

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


@pytest.mark.parametrize("is_directory", [False, True])
def test_where_no_time_can_be_set_a_file_is_opened_and_closed(tmp_path: Path, watch: Watch, is_directory: bool) -> None:
    file = tmp_path / "file"
    if is_directory:
        file.mkdir()
    else:
        file.touch()
    os.utime(file, ns=(0, -5_000_000_000))  # before 1970
    watch.seen()

    signal(str(file), WHEN, own_device=NONE)

    assert watch.seen() == [("file", OPEN), ("file", CLOSE_NOWRITE)]
    assert file.stat().st_mtime_ns == -5_000_000_000


async def test_a_message_is_carried_out_before_the_next_one_is_taken(tmp_path: Path) -> None:
    done: list[tuple[str, int]] = []
    signals = Signals(lambda path, when: done.append((path, when)))

    await signals.tell(Inotify(mount_path="/a", time=Timestamp(seconds=1, nanos=2)))
    assert done == [("/a", 1_000_000_002)]

    await signals.tell(Inotify(mount_path="/b"))
    assert done[1:] == [("/b", 0)]


@pytest.mark.parametrize(
    ("path", "seconds"),
    [("", 1), ("relative", 1), ("/a\0b", 1), ("/" + "x" * 5000, 1), ("/dev/null", -1)],
)
async def test_what_is_wrong_is_logged_and_skipped(path: str, seconds: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await Signals().tell(Inotify(mount_path=path, time=Timestamp(seconds=seconds)))

    assert caplog.records
    assert len(caplog.text) < 500


async def test_a_file_system_that_does_not_answer_holds_nobody(caplog: pytest.LogCaptureFixture) -> None:
    goes_on, done = threading.Event(), list[str]()

    def act(path: str, when: int) -> None:
        if path == "/hangs":
            goes_on.wait()
        done.append(path)

    signals = Signals(act, patience=0.01)

    await signals.tell(Inotify(mount_path="/hangs"))
    for _ in range(1000):
        await signals.tell(Inotify(mount_path="/dropped"))

    assert done == []
    assert len(caplog.records) == 1

    goes_on.set()
    while "/again" not in done:
        await signals.tell(Inotify(mount_path="/again"))
        await asyncio.sleep(0)
    assert done[0] == "/hangs"
    assert "/dropped" not in done


@pytest.mark.parametrize("turns", range(8))
async def test_a_call_that_is_cancelled_as_the_change_is_done_ends(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, told = asyncio.get_running_loop(), threading.Event()
    tell = loop.call_soon_threadsafe

    def told_now(*args: Any, **rest: Any) -> Any:
        handle = tell(*args, **rest)
        told.set()
        return handle

    monkeypatch.setattr(loop, "call_soon_threadsafe", told_now)
    call = asyncio.create_task(Signals(lambda path, when: None).tell(Inotify(mount_path="/a")))
    await asyncio.sleep(0)
    assert told.wait(10)
    for _ in range(turns):
        await asyncio.sleep(0)

    if call.cancel():
        with pytest.raises(asyncio.CancelledError):
            await call
