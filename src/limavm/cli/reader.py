"""The program that reads our standard output, and its end, while there is nothing to write.

Who only writes learns at the next write that nobody reads; `limactl ports --watch | head -1` would wait for that.
"""

import contextlib
import io
import select
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType


class _LeftError(BaseException):
    """Nobody reads any more. No OSError, which whoever waits for the network would take for its end."""


@contextlib.contextmanager
def ended_with_reader() -> Iterator[None]:
    """Raise BrokenPipeError, also out of what blocks, when the reader of standard output has left.

    For the main thread, and for once in the life of a process, whose SIGPIPE is ours from then on.
    """
    descriptor = _stdout()
    if sys.platform == "win32" or descriptor is None:  # no poll there
        yield
        return
    matters = True

    def leave(_number: int, _frame: FrameType | None) -> None:
        # Both the thread and a write may say so; what comes late or twice would hit what follows.
        nonlocal matters
        if matters:
            matters = False
            raise _LeftError

    signal.signal(signal.SIGPIPE, leave)
    threading.Thread(target=_watch, args=(descriptor, threading.get_ident()), daemon=True).start()
    try:
        yield
    except _LeftError as error:
        raise BrokenPipeError from error
    finally:
        matters = False


def _stdout() -> int | None:
    """The descriptor of standard output; None where it goes to no file."""
    try:
        return sys.stdout.fileno()
    except io.UnsupportedOperation:
        return None


def _watch(descriptor: int, main: int) -> None:
    if sys.platform != "win32":
        poll = select.poll()
        poll.register(descriptor, 0)  # nothing but that the other end is closed
        poll.poll()
        signal.pthread_kill(main, signal.SIGPIPE)
