"""Attributes of a file as packets carry them, from and to what `os.stat` returns; and lines like those of `ls -l`."""

import stat
import struct
import time

from limavm.sftp.packet import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

SIZE, OWNER, PERMISSIONS, TIMES, EXTENDED = 0x1, 0x2, 0x4, 0x8, 0x80000000
#: No guest makes a program that others of the host run as our user; see `change` for directories that have the bit.
_MODE = 0o1777
_ALL = SIZE | OWNER | PERMISSIONS | TIMES
_LAYOUT = struct.Struct(">IQIIIII")
#: Times are seconds in 32 bits: what does not fit is the first or the last of them, not some other date.
_LAST = (1 << 32) - 1
#: In place of a time of modification or the number of an owner: what there is stays. For times that is our own rule,
#: of which guests make use that are told of changes (`limavm.guestagent.inotify`); no file of theirs is from 2106.
UNCHANGED = (1 << 32) - 1
#: `ls` writes the year instead of the hour of what is older.
_HALF_A_YEAR = 183 * 86400


class Attributes:
    """What a request says of a file; what it does not say is None."""

    __slots__ = ("atime", "gid", "keeps_times", "mode", "mtime", "size", "uid")

    def __init__(self, request: Request) -> None:
        flags = request.u32()
        self.size: int | None = request.u64() if flags & SIZE else None
        self.uid: int | None = request.u32() if flags & OWNER else None
        self.gid: int | None = request.u32() if flags & OWNER else None
        self.mode: int | None = request.u32() & _MODE if flags & PERMISSIONS else None
        self.atime: int | None = request.u32() if flags & TIMES else None
        self.mtime: int | None = request.u32() if flags & TIMES else None
        #: Whether times are said, and are said to stay: sshfs has no other way to say nothing of one of both.
        self.keeps_times = self.mtime == UNCHANGED
        if self.keeps_times:
            self.atime = self.mtime = None
        if flags & EXTENDED:
            for _ in range(request.u32()):
                request.data()
                request.data()

    def only_times(self) -> bool:
        """Whether nothing but the times is said."""
        has_times = self.mtime is not None or self.keeps_times
        return has_times and self.size is None and self.uid is None and self.mode is None


def pack(found: "os.stat_result") -> bytes:
    """The attributes of a file, all that version 3 has a place for."""
    # The fields by number are times in whole seconds, without a detour through floating point.
    atime, mtime = found[7], found[8]
    return _LAYOUT.pack(
        _ALL,
        found.st_size,
        found.st_uid,
        found.st_gid,
        found.st_mode,
        min(max(atime, 0), _LAST),
        min(max(mtime, 0), _LAST),
    )


def long_name(name: bytes, found: "os.stat_result", now: float) -> bytes:
    """A line as `ls -ln` has it: owners are numbers, as their names are a matter of the guest."""
    mtime = found[8]
    recent = now - _HALF_A_YEAR < mtime <= now + 3600
    try:
        date = time.strftime("%b %e %H:%M" if recent else "%b %e  %Y", time.localtime(mtime))
    except (ValueError, OverflowError, OSError):  # a year that the C library has no calendar for
        date = str(mtime)
    mode, size = stat.filemode(found.st_mode), found.st_size
    line = f"{mode} {found.st_nlink:3} {found.st_uid:<8} {found.st_gid:<8} {size:8} {date} "
    return line.encode() + name
