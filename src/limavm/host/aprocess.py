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
_CHUNK = 1 << 16
#: Bytes of a program's output that are kept unless the caller says how many.
_MOST = 1 << 20
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
        starts = asyncio.ensure_future(
            asyncio.create_subprocess_exec(  # noqa: TID251 - the one place that may
                *argv, stdin=stdin, stdout=stdout, stderr=stderr, env=env, pass_fds=pass_fds, start_new_session=True
            )
        )
        try:
            # asyncio itself, when it is cancelled half-way, waits for the end of all that holds the child's output.
            return await asyncio.shield(starts)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                async with ended(await starts):
                    pass
            raise


async def complete(
    argv: Sequence[str], *, stdin: bytes = b"", timeout: float | None = None, most: int = _MOST
) -> Completed:
    """Run a program to its end, whatever its status; killed on cancellation and after `timeout` seconds.

    The first `most` bytes are kept of each output: a guest may be behind the program, and talk without end.
    Raises TimeoutError when the time is up.
    """
    child = await start(argv, stdin=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    async with ended(child):
        async with asyncio.timeout(timeout):
            stdout, stderr, _ = await asyncio.gather(
                _beginning(child.stdout, most), _beginning(child.stderr, most), _fed(child, stdin)
            )
            status = await child.wait()
        return Completed(status, stdout, stderr)


async def _beginning(stream: asyncio.StreamReader, most: int) -> bytes:
    """The first bytes of what comes, when nothing follows any more."""
    kept = bytearray()
    while part := await stream.read(_CHUNK):
        kept += part[: most - len(kept)]
    return bytes(kept)


async def _fed(child: asyncio.subprocess.Process, data: bytes) -> None:
    """Give a child its standard input; one that does not want all of it is no failure of ours."""
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        child.stdin.write(data)
        await child.stdin.drain()
    child.stdin.close()


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
        while stream and await stream.read(_CHUNK):
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
