"""Child processes of the agents and the drivers: the asyncio twin of `process`.

A child started here gets a session of its own, so that a Ctrl-C meant for us does not reach it.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import msgspec

from limavm.host.process import ProcessError, starting

_GRACE = 5.0
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has only the latter, and it kills


class Completed(msgspec.Struct, frozen=True):
    """What a finished program left: exit status (negative: signal) and its output."""

    status: int
    stdout: bytes
    stderr: bytes


async def start(
    argv: Sequence[str],
    *,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.PIPE,
    stderr: int = asyncio.subprocess.PIPE,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> asyncio.subprocess.Process:
    """Start a program; the caller owns the child and must wait for it."""
    with starting(argv):
        return await asyncio.create_subprocess_exec(  # noqa: TID251 - the one place that may
            *argv, stdin=stdin, stdout=stdout, stderr=stderr, env=env, pass_fds=pass_fds, start_new_session=True
        )


async def complete(argv: Sequence[str], *, stdin: bytes = b"", timeout: float | None = None) -> Completed:
    """Run a program to its end, whatever its status; killed on cancellation and after `timeout` seconds.

    Raises TimeoutError when the time is up.
    """
    child = await start(argv, stdin=asyncio.subprocess.PIPE)
    async with ended(child):
        async with asyncio.timeout(timeout):
            stdout, stderr = await child.communicate(stdin)
        return Completed(child.returncode or 0, stdout, stderr)


async def run(argv: Sequence[str], *, stdin: bytes = b"", timeout: float | None = None) -> bytes:
    """Standard output of a program; raises ProcessError for any exit status but 0."""
    done = await complete(argv, stdin=stdin, timeout=timeout)
    if done.status:
        raise ProcessError(argv, done.status, done.stderr.decode(errors="replace"))
    return done.stdout


@contextlib.asynccontextmanager
async def ended(child: asyncio.subprocess.Process, grace: float = _GRACE) -> AsyncIterator[None]:
    """On every way out: TERM, a grace period, KILL, and the child is waited for.

    The signals go to all that the child has started, as it leads a session of its own.
    """
    try:
        yield
    finally:
        try:
            for number in (signal.SIGTERM, _KILL):
                _signal(child, number)
                try:
                    async with asyncio.timeout(grace):
                        await _gone(child)
                    break
                except TimeoutError:
                    continue
        finally:  # we may be cancelled once more while we wait
            _signal(child, _KILL)


def _signal(child: asyncio.subprocess.Process, number: int) -> None:
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            child.send_signal(number)
        else:
            os.killpg(child.pid, number)


async def _gone(child: asyncio.subprocess.Process) -> None:
    """Wait for the child, and read what nobody wants to know any more, so that the pipes are closed."""
    if child.stdin:
        child.stdin.close()
    for stream in (child.stdout, child.stderr):
        while stream and await stream.read(1 << 16):
            pass
    await child.wait()


async def wait_for_end(pid: int, lives: Callable[[], bool]) -> None:
    """Return when a process, which need not be our child, has ended.

    Told by the kernel on Linux, else asked for every second. `lives` says whether the PID still means it.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # gone already, or a kernel without pidfd
            descriptor = os.pidfd_open(pid)
            try:
                # Looked at after it was pinned: from here on the PID means this process.
                if lives():
                    await _readable(descriptor)
            finally:
                os.close(descriptor)
            return
    pause = 0.05
    while lives():
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
