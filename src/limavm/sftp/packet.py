"""Packets of SFTP version 3: the numbers of the protocol, how a request is taken apart and a reply put together.

Nothing here reads or writes a stream. Sources: draft-ietf-secsh-filexfer-02, and PROTOCOL of OpenSSH for extensions.
"""

import struct

INIT, VERSION = 1, 2
OPEN, CLOSE, READ, WRITE = 3, 4, 5, 6
LSTAT, FSTAT, SETSTAT, FSETSTAT = 7, 8, 9, 10
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR = 11, 12, 13, 14, 15
REALPATH, STAT, RENAME, READLINK, SYMLINK = 16, 17, 18, 19, 20
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
EXTENDED, EXTENDED_REPLY = 200, 201

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE = 0, 1, 2, 3, 4
BAD_MESSAGE, OP_UNSUPPORTED = 5, 8

#: The longest packet, as OpenSSH has it, and what of it is left for data once the rest of a request is in it.
LONGEST = 256 << 10
LONGEST_DATA = LONGEST - 1024

#: What stands before the body of every reply: length, type, the request's number.
HEAD = struct.Struct(">IBI")
U32 = struct.Struct(">I")
U64 = struct.Struct(">Q")

#: The type of a reply and what follows the request's number.
Reply = tuple[int, bytes]


class MalformedError(Exception):
    """A request ends too early, or has a name in it that no file can have."""


class Refusal(Exception):  # noqa: N818 - an answer, and not a fault of ours
    """The request is answered with this status."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Request:
    """The body of a packet, read field by field. It looks into the buffer of the stream and copies what it returns."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def u32(self) -> int:
        """The next unsigned integer of 32 bits."""
        try:
            (value,) = U32.unpack_from(self._data, self._at)
        except struct.error:
            raise MalformedError("the request is too short") from None
        self._at += 4
        return int(value)

    def u64(self) -> int:
        """The next unsigned integer of 64 bits."""
        try:
            (value,) = U64.unpack_from(self._data, self._at)
        except struct.error:
            raise MalformedError("the request is too short") from None
        self._at += 8
        return int(value)

    def data(self) -> memoryview:
        """The next string, not copied: it is gone when the next packet is read."""
        length = self.u32()
        end = self._at + length
        if end > len(self._data):
            raise MalformedError("the request is too short")
        found = self._data[self._at : end]
        self._at = end
        return found

    def string(self) -> bytes:
        """The next string."""
        return bytes(self.data())

    def path(self) -> bytes:
        """The next string, which is a path or the text of a symbolic link."""
        found = self.string()
        if b"\0" in found:
            raise MalformedError("a name with a NUL byte")
        return found


def string(value: bytes) -> bytes:
    """A string as packets have it."""
    return U32.pack(len(value)) + value


def status(code: int, text: str) -> Reply:
    """How a request ended; the text is in English."""
    return STATUS, U32.pack(code) + string(text.encode()) + b"\0\0\0\0"


def name(path: bytes) -> Reply:
    """One name without attributes: the answer to REALPATH and READLINK."""
    return NAME, U32.pack(1) + string(path) + string(path) + b"\0\0\0\0"
