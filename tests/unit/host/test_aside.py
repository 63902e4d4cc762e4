"""Calls that may never return."""

import asyncio
import subprocess
import sys
import threading

import pytest

from limavm.host.aside import Aside


async def test_it_returns_or_raises_what_the_function_does() -> None:
    aside = Aside("test")

    assert await aside.call(lambda: 7) == 7
    with pytest.raises(ValueError, match="invalid literal"):
        await aside.call(lambda: int("no number"))


async def test_while_one_call_does_not_return_the_next_ones_take_no_thread() -> None:
    aside, answers = Aside("stuck"), threading.Event()
    try:
        for _ in range(20):
            with pytest.raises(TimeoutError):
                await aside.call(answers.wait, limit=0.01)

        assert [thread.name for thread in threading.enumerate()].count("stuck") == 1
    finally:
        answers.set()
    assert await aside.call(lambda: "again") == "again"


async def test_several_calls_come_one_after_the_other() -> None:
    aside, running, most = Aside("test"), [0], [0]

    def work() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        running[0] -= 1

    await asyncio.gather(*(aside.call(work) for _ in range(30)))

    assert most == [1]


def test_the_end_of_the_program_does_not_wait_for_it() -> None:
    program = """
import asyncio, contextlib, threading
from limavm.host.aside import Aside

async def main():
    with contextlib.suppress(TimeoutError):
        await Aside("stuck").call(threading.Event().wait, limit=0.01)

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", program], capture_output=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")
