"""Attributes that a client sets: size, mode, times and owner of what a place or a handle stands for.

The order is that of OpenSSH's server. The first that fails ends it.
"""

import os
import stat
import sys

assert sys.platform != "win32"

from limavm.sftp.attributes import UNCHANGED, Attributes
from limavm.sftp.beneath import Place
from limavm.sftp.packet import FAILURE, Refusal


def apply_to_place(place: Place, wanted: Attributes) -> None:
    """Change what is there; if that is a link, the link itself."""
    if wanted.size is not None:
        if not stat.S_ISREG(os.stat(place.name, dir_fd=place.fd, follow_symlinks=False).st_mode):
            raise Refusal(FAILURE, "not a regular file")
        # Neither a link nor a pipe that somebody put there meanwhile is opened, or waited for.
        fd = os.open(place.name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place.fd)
        try:
            os.ftruncate(fd, wanted.size)
        finally:
            os.close(fd)
    if wanted.mode is not None:
        _chmod(place, wanted.mode)
    if wanted.atime is not None and wanted.mtime is not None:
        found = os.stat(place.name, dir_fd=place.fd, follow_symlinks=False)
        times = _times(wanted.atime, wanted.mtime, found)
        os.utime(place.name, ns=times, dir_fd=place.fd, follow_symlinks=False)
    if wanted.uid is not None and wanted.gid is not None:
        os.chown(place.name, _owner(wanted.uid), _owner(wanted.gid), dir_fd=place.fd, follow_symlinks=False)


def apply_to_open(fd: int, wanted: Attributes) -> None:
    """Change an open file or directory."""
    if wanted.size is not None:
        os.ftruncate(fd, wanted.size)
    if wanted.mode is not None:
        os.fchmod(fd, _kept(wanted.mode, os.fstat(fd)))
    if wanted.atime is not None and wanted.mtime is not None:
        os.utime(fd, ns=_times(wanted.atime, wanted.mtime, os.fstat(fd)))
    if wanted.uid is not None and wanted.gid is not None:
        os.fchown(fd, _owner(wanted.uid), _owner(wanted.gid))


def _chmod(place: Place, mode: int) -> None:
    if sys.platform != "linux":
        found = os.stat(place.name, dir_fd=place.fd, follow_symlinks=False)
        os.chmod(place.name, _kept(mode, found), dir_fd=place.fd, follow_symlinks=False)
        return
    # Linux learned only in 6.6 to change a mode without following a link. A descriptor of the thing itself is no
    # name that could change, and opens neither devices nor what has no permissions; a link says EOPNOTSUPP.
    fd = os.open(place.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.fd)
    try:
        os.chmod(f"/proc/self/fd/{fd}", _kept(mode, os.stat(fd)))
    finally:
        os.close(fd)


def _kept(mode: int, found: os.stat_result) -> int:
    """The mode to set: a directory of the host that gives its group to new files goes on doing so."""
    return mode | (found.st_mode & stat.S_ISGID if stat.S_ISDIR(found.st_mode) else 0)


def _times(atime: int, mtime: int, found: "os.stat_result") -> "tuple[int, int]":
    """In nanoseconds. A second that the file has already keeps its fraction, of which the protocol cannot speak.

    Programs set the time that they have read, such as `cp -p`, and guest agents before this version did so to tell of
    changes: without this the file would be older by up to a second, and `make` could take it for one that is older
    than what was made of it before.
    """
    if mtime == found.st_mtime_ns // 1_000_000_000:
        return atime * 1_000_000_000, found.st_mtime_ns
    return atime * 1_000_000_000, mtime * 1_000_000_000


def _owner(number: int) -> int:
    return -1 if number == UNCHANGED else number
