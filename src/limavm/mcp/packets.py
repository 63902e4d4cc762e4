"""What is said in SFTP version 3 (draft-ietf-secsh-filexfer-02): requests as bytes, answers as values. Pure."""

import struct
from typing import NamedTuple

OK, EOF, NO_SUCH_FILE, DENIED = 0, 1, 2, 3
READ, WRITE, CREATE, TRUNCATE, EXCLUSIVE = 1, 2, 8, 16, 32
_STATUS, _HANDLE, _DATA, _NAME, _ATTRIBUTES = 101, 102, 103, 104, 105
_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_MORE = 1, 2, 4, 8, 1 << 31
#: A packet may be no longer than what OpenSSH sends.
LONGEST = 1 << 20


class BrokenError(Exception):
    """What came is no SFTP."""


class StatusError(Exception):
    """The server has said no."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Attributes(NamedTuple):
    """What is known of a file."""

    size: int = 0
    uid: int = -1
    gid: int = -1
    mode: int = 0
    mtime: int = 0


class Named(NamedTuple):
    """A name in a directory."""

    name: bytes
    attributes: Attributes


class Request(NamedTuple):
    """A question without its number."""

    kind: int
    body: bytes

    def packet(self, number: int) -> bytes:
        """As it is sent."""
        return struct.pack(">IBI", 5 + len(self.body), self.kind, number) + self.body


def text(value: bytes) -> bytes:
    """A string with its length."""
    return struct.pack(">I", len(value)) + value


HELLO = struct.pack(">IBI", 5, 1, 3)
#: No attributes.
_NOTHING = struct.pack(">I", 0)


def open_file(path: bytes, flags: int) -> Request:
    """Answered by a handle."""
    return Request(3, text(path) + struct.pack(">I", flags) + _NOTHING)


def close(handle: bytes) -> Request:
    """Ends a handle."""
    return Request(4, text(handle))


def read(handle: bytes, offset: int, length: int) -> Request:
    """Answered by data, or EOF."""
    return Request(5, text(handle) + struct.pack(">QI", offset, length))


def write(handle: bytes, offset: int, data: bytes) -> Request:
    """Writes data."""
    return Request(6, text(handle) + struct.pack(">Q", offset) + text(data))


def lstat(path: bytes) -> Request:
    """Of a link itself."""
    return Request(7, text(path))


def fstat(handle: bytes) -> Request:
    """Of an open file."""
    return Request(8, text(handle))


def set_mode(handle: bytes, mode: int) -> Request:
    """Changes the permissions of an open file."""
    return Request(10, text(handle) + struct.pack(">II", _HAS_MODE, mode))


def open_directory(path: bytes) -> Request:
    """Answered by a handle."""
    return Request(11, text(path))


def read_directory(handle: bytes) -> Request:
    """Answered by the next names, or EOF."""
    return Request(12, text(handle))


def remove(path: bytes) -> Request:
    """Removes a file."""
    return Request(13, text(path))


def make_directory(path: bytes) -> Request:
    """Makes a directory."""
    return Request(14, text(path) + _NOTHING)


def real_path(path: bytes) -> Request:
    """Answered by a path without links."""
    return Request(16, text(path))


def stat(path: bytes) -> Request:
    """Of what a link leads to."""
    return Request(17, text(path))


def replace(old: bytes, new: bytes) -> Request:
    """Renames, over what is there: an extension of OpenSSH."""
    return Request(200, text(b"posix-rename@openssh.com") + text(old) + text(new))


def sync(handle: bytes) -> Request:
    """Brings a file onto its disk: an extension of OpenSSH."""
    return Request(200, text(b"fsync@openssh.com") + text(handle))


class Answer:
    """What came back."""

    def __init__(self, kind: int, body: bytes) -> None:
        self._kind = kind
        self._body = body

    def done(self) -> None:
        """Raises StatusError unless what was asked for is done."""
        if self._kind != _STATUS:
            raise BrokenError(f"an answer of type {self._kind}")
        code = self._number()
        if code != OK:
            raise StatusError(code, self._string().decode(errors="replace") if self._body else "")

    def handle(self) -> bytes:
        """The handle."""
        self._expect(_HANDLE)
        return self._string()

    def data(self) -> bytes:
        """The data; StatusError with EOF at the end."""
        self._expect(_DATA)
        return self._string()

    def attributes(self) -> Attributes:
        """The attributes."""
        self._expect(_ATTRIBUTES)
        return self._attributes()

    def names(self) -> list[Named]:
        """The names; StatusError with EOF at the end."""
        self._expect(_NAME)
        found = []
        for _ in range(self._number()):
            name, _long = self._string(), self._string()
            found.append(Named(name, self._attributes()))
        return found

    def _expect(self, kind: int) -> None:
        if self._kind != kind:
            self.done()
            raise BrokenError("an answer that says nothing")

    def _take(self, count: int) -> bytes:
        if count > len(self._body):
            raise BrokenError("an answer that is cut off")
        found, self._body = self._body[:count], self._body[count:]
        return found

    def _number(self) -> int:
        return int.from_bytes(self._take(4))

    def _string(self) -> bytes:
        return self._take(self._number())

    def _attributes(self) -> Attributes:
        flags = self._number()
        size = int.from_bytes(self._take(8)) if flags & _HAS_SIZE else 0
        uid, gid = (self._number(), self._number()) if flags & _HAS_OWNER else (-1, -1)
        mode = self._number() if flags & _HAS_MODE else 0
        mtime = (self._number(), self._number())[1] if flags & _HAS_TIMES else 0
        if flags & _HAS_MORE:
            for _ in range(self._number()):
                self._string(), self._string()
        return Attributes(size, uid, gid, mode, mtime)
