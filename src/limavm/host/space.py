"""What files take on the disk, and which stretches of it they share: where the platform tells.

Linux tells which stretches of a file have other holders (FIEMAP, Documentation/filesystems/fiemap.rst), everybody
but Windows how many blocks a file has. Of a clone on APFS each name counts in full.
"""

import contextlib
import os
import stat
import struct
import sys
from collections.abc import Iterator

from limavm.model.space import FileSpace

if sys.platform == "linux":
    import fcntl

_FIEMAP = 0xC020660B
_HEAD = struct.Struct("=QQIIII")
_EXTENT = struct.Struct("=QQQ16xI12x")
_BATCH = 500
#: A file in more pieces than this is counted as if the rest of it were its own.
_BATCHES = 200
_LAST, _UNKNOWN, _DELAYED, _SHARED = 0x1, 0x2, 0x4, 0x2000
#: Not worth a look: the sum of smaller files is not what people search for.
_LEAST = 64 << 10
_BLOCK = 512


def spaces(path: str) -> list[FileSpace]:
    """What a file, or a directory with all that is below, takes; links are not followed.

    What cannot be looked at, and what vanishes meanwhile, is left out.
    """
    return list(_below(path))


def _below(path: str) -> Iterator[FileSpace]:
    try:
        info = os.lstat(path)
    except OSError:
        return
    yield _space(path, info)
    if stat.S_ISDIR(info.st_mode):
        try:
            with os.scandir(path) as entries:
                names = [entry.path for entry in entries]
        except OSError:
            return
        for name in names:
            yield from _below(name)


def _space(path: str, info: os.stat_result) -> FileSpace:
    # Windows has no st_blocks; a directory's links are its children.
    blocks = getattr(info, "st_blocks", None)
    size = info.st_size if blocks is None else blocks * _BLOCK
    regular = stat.S_ISREG(info.st_mode)
    return FileSpace(
        device=info.st_dev,
        inode=info.st_ino,
        size=size,
        links=info.st_nlink if not stat.S_ISDIR(info.st_mode) else 1,
        stretches=tuple(shared_stretches(path)) if regular and size >= _LEAST else (),
    )


def shared_stretches(path: str) -> list[tuple[int, int]]:
    """Where on its device a file has what other files have, too: from, to; empty where nobody tells."""
    found: list[tuple[int, int]] = []
    if sys.platform != "linux":
        return found
    with contextlib.suppress(OSError):  # not for us, or a file system that does not know
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found.extend(_shared(descriptor))
        finally:
            os.close(descriptor)
    return found


def _shared(descriptor: int) -> Iterator[tuple[int, int]]:
    start = 0
    for _ in range(_BATCHES):
        answer = _asked(descriptor, start)
        extents = parsed(answer)
        for _, physical, length, flags in extents:
            if flags & _SHARED and not flags & (_UNKNOWN | _DELAYED):
                yield physical, physical + length
        if not extents or extents[-1][3] & _LAST:
            return
        start = extents[-1][0] + extents[-1][2]


def parsed(answer: bytes) -> list[tuple[int, int, int, int]]:
    """The extents in a `struct fiemap`: offset in the file, offset on the device, length, flags."""
    _, _, _, count, room, _ = _HEAD.unpack_from(answer)
    at = range(_HEAD.size, _HEAD.size + min(count, room) * _EXTENT.size, _EXTENT.size)
    return [_EXTENT.unpack_from(answer, offset) for offset in at]


if sys.platform == "linux":

    def _asked(descriptor: int, start: int) -> bytes:
        """The answer of the kernel about the extents from an offset on."""
        request = bytearray(_HEAD.size + _BATCH * _EXTENT.size)
        _HEAD.pack_into(request, 0, start, (1 << 64) - 1 - start, 0, 0, _BATCH, 0)
        fcntl.ioctl(descriptor, _FIEMAP, request)
        return bytes(request)

else:

    def _asked(descriptor: int, start: int) -> bytes:
        raise NotImplementedError("FIEMAP")
