"""Makes the guest's kernel tell programs that watch files in mounts what was changed on the host.

The host tells paths in the guest, and their times on the host. To set the times of a file to what they are already
is the one thing that makes the kernel say "modified" and changes nothing; file systems that remember what the host
said before ask it again then. No file is made or removed here, none is opened for writing, and no link is followed:
over SFTP, the times of a link are those of what it leads to. So a link, as a file that has come or gone, is told by
the directory that it is in. Where nothing can be written, opening and closing is all that can be done.

Setting a time is harmless only while it is the present one. So it is asked for again if it is not the one that the
host told: a program of the guest may have set it meanwhile, as tar and `cp -p` do after they have written a file.
"""

import asyncio
import ctypes
import errno
import functools
import logging
import os
import queue
import stat
import struct
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple

from limavm.guestagent.clock import nanoseconds
from limavm.wire.messages import Inotify

log = logging.getLogger(__name__)

#: Seconds for a file system to answer.
_PATIENCE = 10.0
_SECOND = 1_000_000_000
#: From linux/stat.h and linux/fcntl.h; statx() answers with the time at this place in this many bytes.
_OMIT = (1 << 30) - 2
_AT_FDCWD = -100
_AT_NOFOLLOW = 0x100
_AT_FORCE_SYNC = 0x2000
_STATX_BASIC = 0x7FF
_STATX_SIZE = 256
_STATX_MODE = 28
_STATX_ATIME = 64
_STATX_CTIME = 96
_STATX_MTIME = 112
_TIME = struct.Struct("=qI")
#: From linux/magic.h; statfs() answers with the type of the file system at its beginning, in less than so many bytes.
_FUSE = 0x65735546
_STATFS_SIZE = 256
_READ_ONLY = (errno.EROFS, errno.EPERM, errno.EACCES)


class Seen(NamedTuple):
    """A file as the guest sees it; times in nanoseconds since 1970."""

    mode: int
    atime: int
    mtime: int
    ctime: int


class _Job(NamedTuple):
    path: str
    when: int
    #: Set in the thread when it is over, and then, by the call, in the loop.
    over: threading.Event
    tell: Callable[[], object]


class Signals:
    """Carries out messages one after the other, in a thread of its own: a file system may never answer."""

    def __init__(self, act: "Callable[[str, int], None] | None" = None, patience: float = _PATIENCE) -> None:
        self._act = act or signal
        self._patience = patience
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stuck: _Job | None = None

    async def tell(self, message: Inotify) -> None:
        """Have a change noticed; what is wrong with it is logged, and nothing else."""
        path = message.mount_path
        try:
            when = nanoseconds(message.time)
            if not os.path.isabs(path) or "\0" in path:
                raise ValueError("not an absolute path")
        except ValueError as error:
            log.warning("inotify: %r: %s", path[:200], error)
            return
        if self._stuck and not self._stuck.over.is_set():
            return
        if self._thread is None:
            # Not an executor: the end of the process would wait for its threads.
            self._thread = threading.Thread(target=self._work, name="inotify", daemon=True)
            self._thread.start()
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        job = _Job(path, when, threading.Event(), lambda: loop.call_soon_threadsafe(done.set))
        self._jobs.put(job)
        # Before Python 3.12, wait_for may swallow a cancellation; this call would then go on for ever.
        waiting = asyncio.ensure_future(done.wait())
        try:
            over, _ = await asyncio.wait({waiting}, timeout=self._patience)
        finally:
            waiting.cancel()
        if not over:
            self._stuck = job
            log.warning("inotify: %r: its file system does not answer; no change is told until it does", path[:200])

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                self._act(job.path, job.when)
            except (OSError, ValueError, OverflowError) as error:
                log.warning("inotify: %r: %s", job.path[:200], getattr(error, "strerror", None) or error)
            job.over.set()
            try:
                job.tell()
            except RuntimeError:
                return  # the loop has ended


def signal(path: str, when: int, *, own_device: "int | None" = None) -> None:
    """Have the change of a file noticed, whose time on the host is `when`, in nanoseconds; raises OSError.

    Nothing is done to what is on the guest's own file system: then the mount is not there.
    """
    try:
        _signal(path, when, os.stat("/").st_dev if own_device is None else own_device)
    except (FileNotFoundError, NotADirectoryError):
        log.debug("inotify: %r does not exist", path[:200])


def _signal(path: str, when: int, own_device: int) -> None:
    status = os.lstat(path)
    if status.st_dev == own_device:
        log.debug("inotify: %r is not in a mount", path[:200])
        return
    seen = Seen(status.st_mode, status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)
    is_opened = False
    if not (stat.S_ISREG(seen.mode) or stat.S_ISDIR(seen.mode)):
        return
    if not _is_same(seen.mtime, when):
        if stat.S_ISREG(seen.mode):
            # sshfs asks the host then, and forgets a file that has gone.
            _open_and_close(path)
            is_opened = True
        seen = _look_again(path) or seen
    try:
        _set_times(path, seen, _present_time(path, seen, when))
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise
        if not is_opened:
            _open_and_close(path)


def _present_time(path: str, seen: Seen, when: int) -> int:
    """The time that the file has on the host now.

    Of what a file system remembers from before, the later of both times is nearer to it; where it was asked, what it
    says is right also if that is earlier.
    """
    if _is_same(seen.mtime, when):
        return when
    # What has changed since has a later ctime. sshfs knows no ctime, but has asked the host when the file was opened.
    is_present = seen.ctime >= when or (stat.S_ISREG(seen.mode) and _file_system(path) == _FUSE)
    return seen.mtime if is_present else max(seen.mtime, when)


def _is_same(mtime: int, when: int) -> bool:
    """Whether these are one time, also where SFTP has cut it off to whole seconds."""
    return mtime == when or mtime == when // _SECOND * _SECOND


def _open_and_close(path: str) -> None:
    if sys.platform == "win32":
        return
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(path, flags))


def _set_times(path: str, seen: Seen, mtime: int) -> None:
    if seen.mtime < 0:  # before 1970: not every file system can say that
        raise OSError(errno.EPERM, "a time that cannot be set")
    if stat.S_ISREG(seen.mode):
        _set_mtime(path, mtime)  # says IN_MODIFY
    os.utime(path, ns=(seen.atime, mtime), follow_symlinks=False)  # says IN_ATTRIB


def _set_mtime(path: str, mtime: int) -> None:
    """Set this time alone, which os.utime cannot."""
    times = (ctypes.c_long * 4)(0, _OMIT, *divmod(mtime, _SECOND))
    if _libc().utimensat(_AT_FDCWD, os.fsencode(path), times, _AT_NOFOLLOW):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)


def _look_again(path: str) -> "Seen | None":
    """How the host sees the file, not how the kernel remembers it; None where that cannot be asked for."""
    statx = getattr(_libc(), "statx", None)
    if statx is None:
        return None
    answer = ctypes.create_string_buffer(_STATX_SIZE)
    if statx(_AT_FDCWD, os.fsencode(path), _AT_NOFOLLOW | _AT_FORCE_SYNC, _STATX_BASIC, answer):
        number = ctypes.get_errno()
        if number == errno.ENOENT:
            raise FileNotFoundError(number, os.strerror(number), path)
        return None
    (mode,) = struct.unpack_from("=H", answer.raw, _STATX_MODE)
    atime, mtime, ctime = (_time_at(answer.raw, place) for place in (_STATX_ATIME, _STATX_MTIME, _STATX_CTIME))
    return Seen(mode, atime, mtime, ctime)


def _file_system(path: str) -> int:
    """The type of the file system that a file is on; 0 if nobody says."""
    answer = ctypes.create_string_buffer(_STATFS_SIZE)
    return 0 if _libc().statfs(os.fsencode(path), answer) else ctypes.c_long.from_buffer(answer).value


def _time_at(answer: bytes, place: int) -> int:
    seconds, nanos = _TIME.unpack_from(answer, place)
    return int(seconds * _SECOND + nanos)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
