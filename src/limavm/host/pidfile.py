"""PID files whose process is verified: a number alone is never trusted (spec/runtime.md 1.5, hazard).

A PID file counts only while its process holds a lock on it (QEMU and our agents do), or, for files
of programs that do not lock, while the process' command line shows what it should be. A number that
was recycled by the kernel fails both, and is treated as a stale file.
"""

import contextlib
import errno
import os
import signal
import struct
import sys
from collections.abc import Callable, Iterator

from limavm.errors import BusyError, UserError

if sys.platform == "win32":
    from limavm.host.platform import windows
else:
    import fcntl

#: Device and inode of the files that this process holds. They are not opened a second time: closing any
#: descriptor of a file drops all locks that the process has on it (fcntl(2), record locks).
_ours: set[tuple[int, int]] = set()


class PidFileError(UserError, ValueError):
    """A PID file is damaged."""


def read_pid(path: str) -> int:
    """The number in a PID file, 0 when there is none; raises PidFileError when it is not a number."""
    if _is_ours(path):
        return os.getpid()
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read(32).strip()
    except FileNotFoundError:
        return 0
    if not text:  # its writer has made it and has not come to writing yet
        return 0
    try:
        pid = int(text)
    except ValueError:
        pid = 0
    if pid <= 0:
        hint = "`limactl stop --force` with the name of the instance removes it"
        raise PidFileError(f"{text!r} is not a process ID", where=path, hint=hint)
    return pid


def live_pid(path: str, *markers: str) -> int:
    """The PID in the file if it belongs to a living process that is the right one, else 0.

    `markers` are strings of which each must occur in one argument of the process' command line; they
    decide when nobody holds the file's lock. Raises PidFileError for a file without a number.
    """
    pid = read_pid(path)
    if not pid or not exists(pid):
        return 0
    if _is_locked(path):
        return pid
    arguments = command_line(pid)
    if arguments is None:  # the platform does not tell: believe the number, as Lima does
        return pid
    return pid if all(any(marker in argument for argument in arguments) for marker in markers) else 0


def exists(pid: int) -> bool:
    """Whether any process has this ID now."""
    if sys.platform == "win32":  # signal 0 is Ctrl-C there
        return windows.process_exists(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError) as error:
        return isinstance(error, PermissionError)
    return True


def _is_ours(path: str) -> bool:
    try:
        return _identity(os.stat(path)) in _ours
    except FileNotFoundError:
        return False


def _is_locked(path: str) -> bool:
    if _is_ours(path):
        return True
    try:
        with open(path, "rb") as file:
            return _has_lock(file.fileno())
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES)


if sys.platform == "linux":
    #: struct flock of fcntl(2): type, whence, start, length, PID.
    _FLOCK = "hhqqi"

    def _has_lock(descriptor: int) -> bool:
        # Only asked for, not taken: a lock of ours, however short, could make a QEMU fail that starts now.
        asked = struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, asked)
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)

elif sys.platform == "win32":

    def _has_lock(_descriptor: int) -> bool:
        return False

else:

    def _has_lock(descriptor: int) -> bool:
        # A shared lock conflicts with the owner's, needs no write access, and is dropped at once.
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False


def command_line(pid: int) -> list[str] | None:
    """The arguments of a process; empty for a process without any, None where the platform does not tell."""
    if sys.platform != "linux":
        return None
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return [os.fsdecode(argument) for argument in file.read().split(b"\0")]
    except FileNotFoundError:
        return []
    except PermissionError:
        return None


def start_time(pid: int) -> int | None:
    """When a process began, in the kernel's own units; with the PID it names a process for ever.

    None for a process that is gone, or dead and only not waited for by its parent, and where the
    platform does not tell.
    """
    if sys.platform != "linux":
        return None
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name in parentheses may contain anything; proc(5) numbers the fields after it from 3.
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def send_signal(path: str, number: int, *markers: str) -> bool:
    """Send a signal to the process of a PID file if it is the right one; whether one was sent.

    On Linux the process is pinned before it is verified, so that a recycled PID cannot be hit.
    """
    try:
        pid = read_pid(path)
        if not pid:
            return False
        with _pinned(pid) as send:
            if live_pid(path, *markers) != pid:
                return False
            send(number)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except OSError as error:
        if error.errno == errno.EINVAL:  # the number is now that of a thread
            return False
        raise
    return True


@contextlib.contextmanager
def _pinned(pid: int) -> Iterator[Callable[[int], None]]:
    if sys.platform == "linux":
        descriptor = os.pidfd_open(pid)
        try:
            yield lambda number: signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)
    else:
        yield lambda number: os.kill(pid, number)


@contextlib.contextmanager
def held(path: str) -> Iterator[None]:
    """Write our PID to a file, hold its lock for as long as the context lasts, then remove it.

    Raises BusyError when a living process holds it. A stale file is taken over. While it is held,
    this process must look at it through this module only (see `_ours`).
    """
    descriptor = _claim(path)
    own = _identity(os.fstat(descriptor))
    _ours.add(own)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, b"%d\n" % os.getpid())
        yield
    finally:
        _ours.discard(own)
        _release(path, descriptor)


def _claim(path: str) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            _lock(path, descriptor)
            # Its last owner may have removed the file between our opening and locking it.
            if _identity(os.stat(path)) == _identity(os.fstat(descriptor)):
                return descriptor
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(path: str, descriptor: int) -> None:
    if _identity(os.fstat(descriptor)) in _ours:
        raise RuntimeError(f"{path} is held by this process already")
    if sys.platform != "win32":
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise BusyError("the host agent is running already", where=path) from error


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _release(path: str, descriptor: int) -> None:
    """Remove the file while its lock is still ours, so that nobody else's is removed."""
    if sys.platform == "win32":  # an open file cannot be removed there
        os.close(descriptor)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    if sys.platform != "win32":
        os.close(descriptor)
