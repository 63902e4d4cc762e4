"""The calls of the kernel about files that Python's `os` does not have, and what it says of mounts."""

import ctypes
import errno
import functools
import os
import struct
import sys
from collections.abc import Iterable
from typing import NamedTuple

SECOND = 1_000_000_000
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
_MOUNTS = "/proc/self/mountinfo"


class Seen(NamedTuple):
    """A file as the guest sees it; times in nanoseconds since 1970."""

    mode: int
    atime: int
    mtime: int
    ctime: int


def seen(status: os.stat_result) -> Seen:
    """What the kernel knows of a file."""
    return Seen(status.st_mode, status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)


def look_again(path: str) -> "Seen | None":
    """How the host sees the file, not how the kernel remembers it; None where that cannot be asked for.

    Raises FileNotFoundError.
    """
    statx = getattr(_libc(), "statx", None)
    if statx is None:
        return None
    answer = ctypes.create_string_buffer(_STATX_SIZE)
    if statx(_AT_FDCWD, os.fsencode(path), _AT_NOFOLLOW | _AT_FORCE_SYNC, _STATX_BASIC, answer):
        number = ctypes.get_errno()
        if number == errno.ENOENT:
            raise FileNotFoundError(number, os.strerror(number))
        return None
    (mode,) = struct.unpack_from("=H", answer.raw, _STATX_MODE)
    atime, mtime, ctime = (_time_at(answer.raw, place) for place in (_STATX_ATIME, _STATX_MTIME, _STATX_CTIME))
    return Seen(mode, atime, mtime, ctime)


def _time_at(answer: bytes, place: int) -> int:
    seconds, nanos = _TIME.unpack_from(answer, place)
    return int(seconds * SECOND + nanos)


def set_mtime(path: str, mtime: int) -> None:
    """Set this time alone, which os.utime cannot."""
    times = (ctypes.c_long * 4)(0, _OMIT, *divmod(mtime, SECOND))
    if _libc().utimensat(_AT_FDCWD, os.fsencode(path), times, _AT_NOFOLLOW):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def is_fuse(path: str) -> bool:
    """Whether the kernel asks somebody else about this file: sshfs, or virtiofs."""
    answer = ctypes.create_string_buffer(_STATFS_SIZE)
    return not _libc().statfs(os.fsencode(path), answer) and ctypes.c_long.from_buffer(answer).value == _FUSE


def is_served_by_us(device: int) -> bool:
    """Whether the files of this device are a directory of the host over SFTP, at the other end of which is limavm."""
    try:
        with open(_MOUNTS, "rb") as file:
            return names_sshfs_of_ours(file, device)
    except OSError:
        return False


def names_sshfs_of_ours(lines: Iterable[bytes], device: int) -> bool:
    """Whether lines as in /proc/self/mountinfo say so.

    Only ours has no host in its name, which is that of the directory after a colon: its sshfs was started to speak on
    standard input. What a user of the guest mounts, also somewhere below, has one.
    """
    if sys.platform == "win32":
        return False
    number = f" {os.major(device)}:{os.minor(device)} ".encode()
    return any(number in line and b" - fuse.sshfs :" in line for line in lines)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
