"""What comes in: packets, cut out of one buffer that is never larger than one packet and a half."""

import os
import sys

assert sys.platform != "win32"

from limavm.sftp.packet import LONGEST, U32

#: A packet of the longest kind, and room to read on while it is not complete.
_SIZE = 2 * LONGEST


class BrokenError(Exception):
    """What comes in is not SFTP; nothing after it can be understood."""


class Requests:
    """The reading end of a connection. The descriptor stays the caller's."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._view = memoryview(bytearray(_SIZE))
        self._start = 0
        self._end = 0

    def next(self) -> "memoryview | None":
        """The next packet without its length, valid until `read`; None: there is no complete one.

        Raises BrokenError for a length that no packet has.
        """
        start, have = self._start, self._end - self._start
        if have < 4:
            return None
        (length,) = U32.unpack_from(self._view, start)
        if not 5 <= length <= LONGEST:
            raise BrokenError(f"a packet of {length} bytes")
        if have < 4 + length:
            return None
        self._start = start + 4 + length
        return self._view[start + 4 : self._start]

    def read(self) -> bool:
        """Wait for more. False: the client has closed; BrokenError: in the middle of a packet."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start and _SIZE - self._end < LONGEST // 2:
            rest = bytes(self._view[self._start : self._end])
            self._start, self._end = 0, len(rest)
            self._view[: self._end] = rest
        count = os.readv(self._fd, [self._view[self._end :]])
        self._end += count
        if not count and self._start != self._end:
            raise BrokenError("the connection ended within a packet")
        return count > 0
