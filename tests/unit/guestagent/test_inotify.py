import asyncio
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from limavm.guestagent.inotify import Signals
from limavm.wire.guestservice_pb2 import Inotify

if sys.platform == "win32":
    pytest.skip("a guest is Linux", allow_module_level=True)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a guest is Linux")


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
