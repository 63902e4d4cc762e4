#!/usr/bin/python3
"""Stands in for sshfs in the guest, and asks the server on the host for what it must not give.

    attack.py :LOCATION … (as sshfs is called)

It speaks SFTP 3 on standard input and output. The report is a JSON list of [what was asked, whether it was granted,
what came back]; what it asks for first is allowed, so that a server that refuses everything proves nothing.
Nothing but the standard library of Python 3.10.
"""

import json
import os
import struct
import sys
from typing import Any

#: A directory of the host beside the one that is served, and where the report goes; set by the test.
OUTSIDE = "@OUTSIDE@"
REPORT = "@REPORT@"

INIT, VERSION = 1, 2
OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT = 3, 4, 5, 6, 7, 8, 9
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, STAT, RENAME, READLINK, SYMLINK = 11, 12, 13, 14, 15, 17, 18, 19, 20
EXTENDED = 200
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
READING, WRITING, CREATING = 1, 2, 8
NO_ATTRIBUTES = struct.pack(">I", 0)
#: Permissions 0777, as attributes.
OPEN_TO_ALL = struct.pack(">II", 4, 0o777)


def string(text: "str | bytes") -> bytes:
    data = os.fsencode(text)
    return struct.pack(">I", len(data)) + data


class Client:
    """One session with the server, and what came of it."""

    def __init__(self) -> None:
        self.report: list[Any] = []
        self.number = 0
        self._send(INIT, struct.pack(">I", 3))
        assert self._receive()[0] == VERSION

    def _send(self, kind: int, body: bytes) -> None:
        packet = bytes([kind]) + body
        os.write(1, struct.pack(">I", len(packet)) + packet)

    def _receive(self) -> "tuple[int, bytes]":
        packet = sys.stdin.buffer.read(*struct.unpack(">I", sys.stdin.buffer.read(4)))
        return packet[0], packet[1:]

    def ask(self, kind: int, *parts: bytes) -> "tuple[int, bytes]":
        """The kind of the reply, and its body; the status OK counts as a reply of its own kind, 0."""
        self.number += 1
        self._send(kind, struct.pack(">I", self.number) + b"".join(parts))
        got, body = self._receive()
        assert struct.unpack_from(">I", body)[0] == self.number
        body = body[4:]
        return (0 if got == STATUS and body[:4] == bytes(4) else got), body

    def attempt(self, what: str, kind: int, *parts: bytes) -> bytes:
        """Ask, and note it; the handle when one was given, which is read from and written to."""
        got, body = self.ask(kind, *parts)
        self.report.append([what, got != STATUS, body[:200].decode("latin-1")])
        if got != HANDLE:
            return b""
        handle = string(body[4:])
        where = struct.pack(">Q", 0)
        self.report[-1].append(self.ask(READ, handle, where, struct.pack(">I", 100))[1].decode("latin-1"))
        self.ask(CLOSE, handle)
        return handle

    def read(self, path: str) -> None:
        self.attempt(f"read {path}", OPEN, string(path), struct.pack(">I", READING), NO_ATTRIBUTES)

    def create(self, path: str) -> None:
        self.attempt(f"create {path}", OPEN, string(path), struct.pack(">I", WRITING | CREATING), NO_ATTRIBUTES)

    def look(self, path: str) -> None:
        self.attempt(f"stat {path}", STAT, string(path))
        self.attempt(f"lstat {path}", LSTAT, string(path))
        self.attempt(f"list {path}", OPENDIR, string(path))
        self.attempt(f"readlink {path}", READLINK, string(path))

    def change(self, inside: str, path: str) -> None:
        """Everything that would change something at `path`; `inside` is a file that is served."""
        self.attempt(f"chmod {path}", SETSTAT, string(path), OPEN_TO_ALL)
        self.attempt(f"remove {path}", REMOVE, string(path))
        self.attempt(f"rmdir {path}", RMDIR, string(path))
        self.attempt(f"mkdir {path}-new", MKDIR, string(f"{path}-new"), NO_ATTRIBUTES)
        self.attempt(f"rename here {path}", RENAME, string(path), string(f"{inside}-stolen"))
        self.attempt(f"rename to {path}-new", RENAME, string(inside), string(f"{path}-new"))
        for name in ("posix-rename@openssh.com", "hardlink@openssh.com"):
            self.attempt(f"{name} {path}", EXTENDED, string(name), string(path), string(f"{inside}-stolen"))
            self.attempt(f"{name} to {path}", EXTENDED, string(name), string(inside), string(f"{path}-new"))


def attack(client: Client, root: str) -> None:
    inside = f"{root}/allowed"
    client.read(inside)
    client.create(f"{inside}-new")
    secret = f"{OUTSIDE}/secret"
    up = "../" * 12
    name = os.path.basename(OUTSIDE)
    ways = [
        secret,
        f"{root}/../{name}/secret",
        f"../{name}/secret",
        f"{root}/.//../{name}/secret",
        f"{root}/{up}{secret}",
    ]
    for path in [*ways, "/etc/passwd", f"{root}{up}etc/passwd", "/proc/self/environ", "/proc/self/root/etc/passwd"]:
        client.read(path)
        client.create(path)
        client.create(f"{path}-new")
        client.look(path)
    for path in ways:
        client.change(inside, path)
    # Links that lead out: the host's own, and ours, in the order of symlink(3) that OpenSSH has.
    for link, target in (("ours", OUTSIDE), ("relative", f"../{name}"), ("deep", "/proc/self/root" + OUTSIDE)):
        client.ask(SYMLINK, string(target), string(f"{root}/{link}"))
    for link in ("ours", "relative", "deep", "hosts"):
        path = f"{root}/{link}/secret"
        client.read(path)
        client.create(path)
        client.create(f"{path}-new")
        client.look(path)
        client.change(inside, path)
    client.ask(SYMLINK, string(secret), string(f"{root}/file"))
    client.read(f"{root}/file")
    client.create(f"{root}/file")
    for descriptor in range(8):
        client.read(f"/proc/self/fd/{descriptor}/../{name}/secret")


def main() -> None:
    if not sys.argv[1].startswith(":"):
        return  # asked for its version or its help
    client = Client()
    try:
        attack(client, sys.argv[1].removeprefix(":"))
    finally:
        with open(f"{REPORT}.new", "w") as file:
            json.dump(client.report, file)
        os.replace(f"{REPORT}.new", REPORT)


if __name__ == "__main__":
    main()
