"""The queue of a listening socket that another process of ours has opened, made longer (Linux).

QEMU's user-mode network listens with a queue of one. A browser that opens six connections at once then waits a
second for some of them, until the kernel sends their first packet again, and others are reset. Whoever shares a
socket may call listen(2) again; pidfd_getfd(2) shares one that a process has not sent us. Between the two calls
the queue is short: nobody can listen for QEMU, so a burst in that millisecond still waits.
"""

import errno
import logging
import os
import socket
import sys
from collections.abc import Iterator

log = logging.getLogger(__name__)

#: The kernel cuts it down to net.core.somaxconn.
_BACKLOG = 4096
#: The number of the system call, the same on all processors that we run on.
_PIDFD_GETFD = 438


def lengthen_backlog(pid: int, ip: str, port: int) -> bool:
    """Whether the TCP socket on which a process listens got a longer queue; harmless where that cannot be done.

    The kernel (5.6 or newer) allows it for children and, unless `kernel.yama.ptrace_scope` forbids it, for all
    processes of the same user.
    """
    return any(_lengthened(pid, (ip, port)))


def lengthen_backlogs(pid: int) -> int:
    """How many TCP sockets on which a process listens got a longer queue: all of them, or none where that cannot be."""
    return sum(_lengthened(pid, None))


def _lengthened(pid: int, place: tuple[str, int] | None) -> Iterator[bool]:
    """For each socket of a process, whether its queue is longer now."""
    if sys.platform != "linux":
        return
    try:
        pidfd = os.pidfd_open(pid)
        try:
            for number in _sockets(pid):
                yield _listens_again(pidfd, number, place)
        finally:
            os.close(pidfd)
    except OSError as error:
        log.debug("the queue of %s of process %d stays short: %s", place or "every socket", pid, error)


def _sockets(pid: int) -> Iterator[int]:
    """The descriptors of a process that are sockets, the newest first: there may be thousands."""
    directory = f"/proc/{pid}/fd"
    for number in sorted(map(int, os.listdir(directory)), reverse=True):
        if _is_socket(f"{directory}/{number}"):
            yield number


def _is_socket(path: str) -> bool:
    try:
        return os.readlink(path).startswith("socket:")
    except FileNotFoundError:  # closed meanwhile
        return False


def _listens_again(pidfd: int, number: int, place: tuple[str, int] | None) -> bool:
    """Listen again on a descriptor if it is one on which that is done; ours of it is closed."""
    try:
        shared = _shared(pidfd, number)
    except OSError as error:
        if error.errno == errno.EBADF:  # closed meanwhile
            return False
        raise
    with socket.socket(fileno=shared) as found:
        if found.family not in (socket.AF_INET, socket.AF_INET6) or found.type != socket.SOCK_STREAM:
            return False
        if place is not None and found.getsockname() != place:
            return False
        if not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):  # a connection that came through it
            return False
        found.listen(_BACKLOG)
        return True


def _shared(pidfd: int, number: int) -> int:
    """A descriptor of ours for the one of the other process; raises OSError."""
    import ctypes  # Linux only, and late: most processes of ours never come here

    library = ctypes.CDLL(None, use_errno=True)
    shared = int(library.syscall(_PIDFD_GETFD, pidfd, number, 0))
    if shared < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return shared
