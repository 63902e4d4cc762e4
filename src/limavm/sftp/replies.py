"""What goes out: replies are gathered in one buffer, and written when it is worth a call of the system."""

import os

from limavm.sftp.packet import DATA, HEAD, LONGEST, STATUS, U32, Reply

#: A reply of the longest kind always fits behind as much as is gathered.
_ENOUGH = 128 << 10
_SIZE = _ENOUGH + LONGEST + 64
_OK = U32.pack(0) + b"\0\0\0\0\0\0\0\0"
_DATA = HEAD.size + U32.size


class Replies:
    """The writing end of a connection. The descriptor stays the caller's."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._buffer = bytearray(_SIZE)
        self._view = memoryview(self._buffer)
        self._end = 0

    def ok(self, number: int) -> None:
        """The request was done."""
        self.add(number, (STATUS, _OK))

    def add(self, number: int, reply: Reply) -> None:
        """Any reply; of its body this keeps a copy."""
        kind, body = reply
        self.raw(HEAD.pack(len(body) + 5, kind, number) + body)

    def raw(self, packet: bytes) -> None:
        """A whole packet."""
        end = self._end + len(packet)
        self._view[self._end : end] = packet
        self._end = end
        if end >= _ENOUGH:
            self.flush()

    def room(self, length: int) -> memoryview:
        """Where the `length` bytes of a reply to READ belong; then `fill` says how many there are."""
        start = self._end + _DATA
        return self._view[start : start + length]

    def fill(self, number: int, count: int) -> None:
        """The first `count` bytes of `room` are the data of this reply."""
        start = self._end
        HEAD.pack_into(self._buffer, start, count + 9, DATA, number)
        U32.pack_into(self._buffer, start + HEAD.size, count)
        self._end = start + _DATA + count
        if self._end >= _ENOUGH:
            self.flush()

    def flush(self) -> None:
        """Write what there is, however long the client takes. BrokenPipeError: there is no client."""
        done = 0
        while done < self._end:
            done += os.write(self._fd, self._view[done : self._end])
        self._end = 0
