"""Jumps of time are noticed: a sleep of the host, a clock that was set, a pause of the agent or of the machine."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from limavm.hostagent.sleep import Clocks, clocks, jump, watch

NOW = Clocks(monotonic=1000.0, wall=1_700_000_000.0, asleep=50.0)


def later(*, monotonic: float = 1.0, wall: float = 1.0, asleep: float = 0.0) -> Clocks:
    return Clocks(NOW.monotonic + monotonic, NOW.wall + wall, NOW.asleep + asleep)


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (later(), ""),
        (later(monotonic=1.4, wall=1.4), ""),
        (later(wall=1.04), ""),
        (later(wall=0.96), ""),
        (later(monotonic=61.0, wall=61.0), "the host agent stood still for 60.0 s"),
        (later(wall=3601.0, asleep=3600.0), "the host slept for 3600.0 s"),
        (later(asleep=3600.0), "the host slept for 3600.0 s"),
        (later(wall=8.0), "the host's clock was set by +7.0 s"),
        (later(wall=-6.0), "the host's clock was set by -7.0 s"),
    ],
)
def test_what_has_happened_between_two_ticks(after: Clocks, reason: str) -> None:
    assert jump(NOW, after, 1.0) == reason


def test_the_clocks_of_this_host_go_on_together() -> None:
    before = clocks()

    after = clocks()

    assert after.monotonic >= before.monotonic
    assert jump(before, after, 0) == ""


@contextlib.asynccontextmanager
async def watching(
    jumped: Callable[[], object],
    is_paused: Callable[[], bool] = lambda: False,
    look: Callable[[], Clocks] = clocks,
) -> AsyncIterator[None]:
    task = asyncio.create_task(watch(jumped, is_paused=is_paused, look=look, tick=0.001))
    try:
        async with asyncio.timeout(10):
            yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_sleep_of_the_host_is_told_once() -> None:
    told: list[str] = []
    seen = asyncio.Event()
    shown = iter([NOW, later(monotonic=0.001, wall=0.001), later(monotonic=0.002, wall=3600.002, asleep=3600.0)])
    last = later(monotonic=0.003, wall=3600.003, asleep=3600.0)

    def look() -> Clocks:
        found = next(shown, None)
        if found is None:
            seen.set()
        return found or last

    async with watching(lambda: told.append("jumped"), look=look):
        await seen.wait()
        await asyncio.sleep(0.01)

    assert told == ["jumped"]


async def test_the_end_of_a_pause_of_the_machine_is_told_and_the_pause_is_not() -> None:
    told = asyncio.Event()
    states: Iterator[bool] = iter([False, True, True, True])
    pauses: list[bool] = []

    def is_paused() -> bool:
        assert not told.is_set()
        pauses.append(next(states, False))
        return pauses[-1]

    async with watching(told.set, is_paused):
        await told.wait()

    assert pauses == [False, True, True, True, False]


def test_a_pause_of_our_own_is_told_at_once_when_we_go_on() -> None:
    if sys.platform == "win32":
        pytest.skip("there are no such signals")
    script = (
        "import asyncio, os, limavm.hostagent.sleep as s\n"
        "def first_look(): print('ready', flush=True)\n"
        "asyncio.run(s.watch(lambda: os._exit(42), is_paused=first_look, tick=0.05))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with child:
        assert child.stdout
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGSTOP)
        os.waitpid(child.pid, os.WUNTRACED)
        with pytest.raises(subprocess.TimeoutExpired):  # it stands still for longer than a tick may be late
            child.wait(0.7)
        child.send_signal(signal.SIGCONT)

        assert child.wait(10) == 42
