"""One virtiofsd: started on a connection of ours, spoken to, ended."""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence

assert sys.platform == "linux"

from limavm.virtiofs.wire import Lost, Message, receive, send  # noqa: E402 - there is none of it elsewhere

#: What stands for the descriptor of the listening socket in a command line.
FD = "{fd}"
#: Seconds for an answer, which takes none unless the daemon hangs.
_ANSWER = 10.0


class Daemon:
    """A daemon that runs, and the connection to it."""

    #: Seconds until its end after it was asked for.
    grace = 2.0

    def __init__(self, argv: Sequence[str], path: str) -> None:
        """Start it; `path` is free, and is so again afterwards. Raises Lost when it cannot be started."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(1)
            # Connected before it runs: there is nothing to wait for, and nobody else can be first.
            self.connection = socket.socket(socket.AF_UNIX)
            self.connection.connect(path)
            os.unlink(path)
            os.set_inheritable(listener.fileno(), True)
            try:
                words = [word.replace(FD, str(listener.fileno())) for word in argv]
                self.pid = os.posix_spawn(words[0], words, os.environ)
            except OSError as error:
                self.connection.close()
                raise Lost(f"{argv[0]}: {error.strerror}") from error
        self.connection.settimeout(_ANSWER)

    def ask(self, message: Message) -> Message | None:
        """Tell it something; its answer, if it gives one. Raises Lost."""
        send(self.connection, message)
        if not message.expects_reply:
            return None
        reply = receive(self.connection)
        if reply.request != message.request:
            raise Lost(f"it answered {reply.request} to {message.request}")
        return reply

    def end(self) -> int | None:
        """End it, and wait for it; its exit status (negative: signal) if it had ended by itself."""
        self.connection.close()  # most of them end by that
        status = _reaped(self.pid, 0.2)
        if status is not None:
            return status
        for number, grace in ((signal.SIGTERM, self.grace), (signal.SIGKILL, 5.0)):
            os.kill(self.pid, number)
            if _reaped(self.pid, grace) is not None:
                break
        return None


def _reaped(pid: int, limit: float) -> int | None:
    """The exit status of a child that ends within that many seconds."""
    descriptor = os.pidfd_open(pid)
    try:
        if not select.select([descriptor], [], [], limit)[0]:
            return None
    finally:
        os.close(descriptor)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Pace:
    """How long to wait before the next start: nothing at first, then longer and longer while none lasts."""

    #: Seconds after which a daemon counts as one that works, the first pause, and the longest.
    LASTS = 30.0
    FIRST = 0.1
    LONGEST = 5.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pause = 0.0
        self._started = clock()

    def started(self) -> None:
        """A daemon was started."""
        self._started = self._clock()

    def next_pause(self) -> float:
        """Seconds to wait after a daemon has ended."""
        if self._clock() - self._started > self.LASTS:
            self._pause = 0.0
        pause = self._pause
        self._pause = min(max(self.FIRST, pause * 2), self.LONGEST)
        return pause
