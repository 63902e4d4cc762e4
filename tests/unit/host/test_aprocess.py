import asyncio
import contextlib
import signal
import sys

import pytest

from limavm.errors import UserError
from limavm.host import aprocess
from limavm.host.process import ProcessError

LOUD = "trap '' TERM; echo; exec sleep 60"


async def test_the_output_of_a_program_is_returned() -> None:
    assert await aprocess.run(["cat"], stdin=b"through") == b"through"


async def test_nothing_is_inherited_on_standard_input() -> None:
    assert await aprocess.run(["cat"]) == b""


async def test_a_failure_is_an_error_with_its_status() -> None:
    with pytest.raises(ProcessError, match=r"sh failed \(exit status 3\): why"):
        await aprocess.run(["sh", "-c", "echo why >&2; exit 3"])


async def test_whoever_wants_the_status_gets_it() -> None:
    done = await aprocess.complete(["sh", "-c", "echo out; echo err >&2; exit 3"])

    assert done == aprocess.Completed(3, b"out\n", b"err\n")


@pytest.mark.parametrize("name", ["no-such-program", "/etc/passwd", "/etc/passwd/x"])
async def test_a_program_that_cannot_be_started_is_an_error_of_the_user(name: str) -> None:
    with pytest.raises(UserError, match=r"is not installed|may not be run"):
        await aprocess.run([name])


async def test_a_program_that_does_not_read_its_input_is_no_error() -> None:
    assert await aprocess.run(["true"], stdin=bytes(1 << 20)) == b""


async def test_a_program_that_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        await aprocess.run(["sleep", "60"], timeout=0.05)


async def test_a_child_ends_with_its_context() -> None:
    child = await aprocess.start(["sleep", "60"])

    async with aprocess.ended(child):
        assert child.returncode is None

    assert child.returncode == -signal.SIGTERM


async def test_a_child_that_ignores_us_is_killed() -> None:
    child = await aprocess.start(["sh", "-c", LOUD])
    assert child.stdout

    async with aprocess.ended(child, grace=0.05):
        await child.stdout.readline()

    assert child.returncode == -9


async def test_cancellation_ends_the_child_and_passes_through() -> None:
    child = await aprocess.start(["sleep", "60"])
    entered = asyncio.Event()

    async def use() -> None:
        async with aprocess.ended(child):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert child.returncode == -signal.SIGTERM


async def test_a_second_cancellation_does_not_leave_the_child_behind() -> None:
    child = await aprocess.start(["sh", "-c", LOUD])
    assert child.stdout
    await child.stdout.readline()
    entered = asyncio.Event()

    async def use() -> None:
        async with aprocess.ended(child, grace=60):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    await entered.wait()
    task.cancel()
    for _ in range(5):  # into the grace period
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

    async with asyncio.timeout(10):
        assert await child.wait() == -9


if sys.platform != "win32":
    import os

    async def test_a_child_has_a_session_of_its_own() -> None:
        child = await aprocess.start(["sleep", "60"])

        async with aprocess.ended(child):
            assert os.getsid(child.pid) == child.pid

    async def test_what_a_child_started_ends_with_it() -> None:
        child = await aprocess.start(["sh", "-c", "sleep 60 & echo $!; wait"])
        assert child.stdout
        async with aprocess.ended(child):
            grandchild = int(await child.stdout.readline())

        async with asyncio.timeout(10):
            while not has_ended(grandchild):
                await asyncio.sleep(0.01)

    def has_ended(pid: int) -> bool:
        """Whether a process is gone; at most a zombie is left, for init to collect."""
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True


async def test_the_end_of_a_process_that_is_no_child_is_noticed() -> None:
    child = await aprocess.start(["sh", "-c", "read line"], stdin=asyncio.subprocess.PIPE)
    waiting = asyncio.create_task(aprocess.wait_for_end(child.pid, lambda: child.returncode is None))
    await asyncio.sleep(0)
    assert not waiting.done()

    assert child.stdin is not None
    child.stdin.close()

    await asyncio.wait_for(waiting, 10)
    assert await child.wait() == 1


async def test_a_process_that_is_gone_is_not_waited_for() -> None:
    child = await aprocess.start(["true"])
    await child.wait()

    await asyncio.wait_for(aprocess.wait_for_end(child.pid, lambda: False), 10)


async def test_of_a_program_that_talks_without_end_the_beginning_is_kept() -> None:
    done = await aprocess.complete(
        ["sh", "-c", "printf 123456; head -c 50000000 /dev/zero; head -c 9 /dev/zero >&2"], most=5
    )

    assert (done.status, done.stdout, done.stderr) == (0, b"12345", bytes(5))


async def test_a_program_that_does_not_read_its_input_is_no_failure() -> None:
    done = await aprocess.complete(["true"], stdin=bytes(1 << 20))

    assert done.status == 0


@pytest.mark.parametrize("turns", range(12))
async def test_a_start_that_is_cancelled_ends_with_all_that_it_has_started(turns: int) -> None:
    """The inner shell waits for input, and holds the output of the outer one."""
    run = asyncio.create_task(aprocess.complete(["sh", "-c", "sh; :"], stdin=b"sleep 600\n"))
    for _ in range(turns):
        await asyncio.sleep(0)

    run.cancel()

    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await run
