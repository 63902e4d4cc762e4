"""A client of SFTP version 3 that sends whatever it is told to, and a server for it to talk to."""

import contextlib
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

READ, WRITE, APPEND, CREATE, TRUNCATE, EXCLUSIVE = 1, 2, 4, 8, 16, 32
SIZE, OWNER, PERMISSIONS, TIMES = 1, 2, 4, 8
#: Statuses.
OK, EOF, NO_SUCH_FILE, DENIED, FAILURE, BAD_MESSAGE, UNSUPPORTED = 0, 1, 2, 3, 4, 5, 8

#: OpenSSH's own server, where it is installed.
OPENSSH = next(
    filter(
        None,
        map(
            shutil.which,
            ["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server"],
        ),
    ),
    None,
)


class StatusError(Exception):
    """The server has said no."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class GoneError(Exception):
    """The server has ended the connection."""


class Attributes(NamedTuple):
    """What the server tells of a file."""

    size: int
    uid: int
    gid: int
    mode: int
    atime: int
    mtime: int


class Wide(int):
    """A number of 64 bits."""


class Raw(bytes):
    """Bytes as they are, without a length."""


Field = int | bytes | Wide | Raw

NOTHING = Raw(struct.pack(">I", 0))


def attributes(
    *,
    size: int | None = None,
    owner: tuple[int, int] | None = None,
    mode: int | None = None,
    times: tuple[int, int] | None = None,
) -> Raw:
    """The attributes of a request."""
    flags, body = 0, b""
    if size is not None:
        flags, body = flags | SIZE, body + struct.pack(">Q", size)
    if owner is not None:
        flags, body = flags | OWNER, body + struct.pack(">II", *owner)
    if mode is not None:
        flags, body = flags | PERMISSIONS, body + struct.pack(">I", mode)
    if times is not None:
        flags, body = flags | TIMES, body + struct.pack(">II", *times)
    return Raw(struct.pack(">I", flags) + body)


def pack(fields: Sequence[Field]) -> bytes:
    parts = []
    for field in fields:
        match field:
            case Wide():
                parts.append(struct.pack(">Q", field))
            case int():
                parts.append(struct.pack(">I", field))
            case Raw():
                parts.append(bytes(field))
            case bytes():
                parts.append(struct.pack(">I", len(field)) + field)
    return b"".join(parts)


class Body:
    """What a reply says, field by field."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, count: int) -> bytes:
        found, self.data = self.data[:count], self.data[count:]
        assert len(found) == count
        return found

    def u32(self) -> int:
        return int(struct.unpack(">I", self.take(4))[0])

    def u64(self) -> int:
        return int(struct.unpack(">Q", self.take(8))[0])

    def string(self) -> bytes:
        return self.take(self.u32())

    def attributes(self) -> Attributes:
        flags = self.u32()
        assert flags == SIZE | OWNER | PERMISSIONS | TIMES
        return Attributes(self.u64(), *(self.u32() for _ in range(5)))


class SftpClient:
    """One connection; every call waits for its answer, unless it is sent by `send` and read by `receive`."""

    def __init__(self, sink: int, source: int) -> None:
        self.sink = sink
        self.source = source
        self.number = 0
        self.extensions: dict[bytes, bytes] = {}

    def raw(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self.sink, data) :]
        except BrokenPipeError as error:
            raise GoneError from error

    def send(self, kind: int, *fields: Field) -> int:
        self.number += 1
        body = bytes([kind]) + struct.pack(">I", self.number) + pack(fields)
        self.raw(struct.pack(">I", len(body)) + body)
        return self.number

    def packet(self) -> bytes:
        (length,) = struct.unpack(">I", self._exactly(4))
        assert length <= 256 << 10
        return self._exactly(length)

    def receive(self) -> tuple[int, int, Body]:
        """The type, the number of the request, and the rest."""
        found = self.packet()
        return found[0], int(struct.unpack(">I", found[1:5])[0]), Body(found[5:])

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            more = os.read(self.source, count - len(data))
            if not more:
                raise GoneError
            data += more
        return bytes(data)

    def greet(self) -> None:
        self.raw(struct.pack(">IBI", 5, 1, 3))
        body = Body(self.packet())
        assert body.take(1) == b"\x02"
        assert body.u32() == 3
        while body.data:
            name = body.string()
            self.extensions[name] = body.string()

    def call(self, kind: int, *fields: Field) -> Body:
        """What the reply says; StatusError unless it is one of success."""
        number = self.send(kind, *fields)
        answer, echoed, body = self.receive()
        assert echoed == number
        if answer == 101:
            code, text = body.u32(), body.string().decode()
            if code:
                raise StatusError(code, text)
        return body

    def open(self, path: bytes, flags: int = READ, given: Raw = NOTHING) -> bytes:
        return self.call(3, path, flags, given).string()

    def close(self, handle: bytes) -> None:
        self.call(4, handle)

    def read(self, handle: bytes, offset: int, length: int) -> bytes:
        try:
            return self.call(5, handle, Wide(offset), length).string()
        except StatusError as error:
            if error.code == EOF:
                return b""
            raise

    def write(self, handle: bytes, offset: int, data: bytes) -> None:
        self.call(6, handle, Wide(offset), data)

    def lstat(self, path: bytes) -> Attributes:
        return self.call(7, path).attributes()

    def fstat(self, handle: bytes) -> Attributes:
        return self.call(8, handle).attributes()

    def setstat(self, path: bytes, given: Raw) -> None:
        self.call(9, path, given)

    def fsetstat(self, handle: bytes, given: Raw) -> None:
        self.call(10, handle, given)

    def opendir(self, path: bytes) -> bytes:
        return self.call(11, path).string()

    def readdir(self, handle: bytes) -> list[tuple[bytes, bytes, Attributes]]:
        """The next names; none at the end."""
        try:
            body = self.call(12, handle)
        except StatusError as error:
            if error.code == EOF:
                return []
            raise
        return [(body.string(), body.string(), body.attributes()) for _ in range(body.u32())]

    def remove(self, path: bytes) -> None:
        self.call(13, path)

    def mkdir(self, path: bytes, given: Raw = NOTHING) -> None:
        self.call(14, path, given)

    def rmdir(self, path: bytes) -> None:
        self.call(15, path)

    def realpath(self, path: bytes) -> bytes:
        return self._name(self.call(16, path))

    def stat(self, path: bytes) -> Attributes:
        return self.call(17, path).attributes()

    def rename(self, old: bytes, new: bytes) -> None:
        self.call(18, old, new)

    def readlink(self, path: bytes) -> bytes:
        return self._name(self.call(19, path))

    def symlink(self, text: bytes, path: bytes) -> None:
        self.call(20, text, path)

    def extended(self, name: bytes, *fields: Field) -> Body:
        return self.call(200, name + b"@openssh.com", *fields)

    def replace(self, old: bytes, new: bytes) -> None:
        self.extended(b"posix-rename", old, new)

    def link(self, old: bytes, new: bytes) -> None:
        self.extended(b"hardlink", old, new)

    def _name(self, body: Body) -> bytes:
        assert body.u32() == 1
        return body.string()

    def load(self, path: bytes) -> bytes:
        """The content of a file."""
        handle = self.open(path)
        data = b""
        while more := self.read(handle, len(data), 32768):
            data += more
        self.close(handle)
        return data

    def store(self, path: bytes, data: bytes) -> None:
        """A file with this content."""
        handle = self.open(path, WRITE | CREATE | TRUNCATE)
        self.write(handle, 0, data)
        self.close(handle)

    def names(self, path: bytes) -> list[bytes]:
        """What is in a directory."""
        handle = self.opendir(path)
        found: list[bytes] = []
        while batch := self.readdir(handle):
            found += [name for name, _, _ in batch if name not in (b".", b"..")]
        self.close(handle)
        return sorted(found)


class Served(NamedTuple):
    """A server and its client."""

    client: SftpClient
    process: subprocess.Popen[bytes]

    def end(self) -> tuple[int, str]:
        """Close the connection; the status of the server, and what it wrote to standard error."""
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.stderr
        errors = self.process.stderr.read().decode()
        return self.process.wait(), errors


def server_argv(*args: str, landlock: bool = True, openat2: bool = True, user: int | None = None) -> list[str]:
    """Our server; with `user`, it becomes that user once Python has loaded it."""
    become = f"os.setgroups([]); os.setgid({user}); os.setuid({user})" if user is not None else ""
    program = f"""
import os, sys
from limavm.sftp.main import main
{become}
raise SystemExit(main(sys.argv[1:], landlock={landlock}, openat2={openat2}))
"""
    return [sys.executable, "-P", "-c", program, *args]


@contextlib.contextmanager
def connected(argv: Sequence[str], *, greet: bool = True) -> Iterator[Served]:
    """A server of that command line, and a client that is connected to it."""
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        client = SftpClient(process.stdin.fileno(), process.stdout.fileno())
        try:
            if greet:
                client.greet()
            yield Served(client, process)
        finally:
            if process.poll() is None:
                process.kill()
