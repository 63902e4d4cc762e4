"""What one side of a mount does to a directory, and sees in it: runs on the host, and as a program in the guest.

In the guest there is nothing but this text and Python 3.10 or newer, so it brings only what Python's own library
has. Requests and answers are JSON, one a line, on standard input and output; contents are made of a seed on
both sides, so that none travel beside the mount that is examined.
"""

import base64
import errno
import hashlib
import json
import os
import random
import stat
import sys
from collections.abc import Iterable
from typing import Any

#: Bytes of a part of a file whose digest is told when a file differs.
BLOCK = 4096
_PIECE = 1 << 20

#: An operation: its name, then its arguments as `Tree` takes them.
Operation = list[Any]
#: What is known of a name: `type` (`file`, `dir`, `link`), `mode`, and `size`, `mtime`, `sha256` or `target`.
Entry = dict[str, Any]


def content(seed: int, size: int) -> bytes:
    """Bytes that look random, the same for a seed wherever they are made."""
    generator = random.Random(seed)  # noqa: S311 - to be repeated
    return generator.getrandbits(8 * size).to_bytes(size, "little") if size else b""


class Tree:
    """A directory, changed by operations on names below it, and looked at; what is written is on the disk then."""

    def __init__(self, root: str) -> None:
        self.root = root

    def apply(self, operations: Iterable[Operation]) -> None:
        """Carry out operations in their order; raises OSError."""
        for name, *arguments in operations:
            getattr(self, "do_" + name)(*arguments)

    def do_write(self, name: str, seed: int, size: int) -> None:
        """A whole content, of a new file or in the place of the old one."""
        self._put(name, os.O_CREAT | os.O_TRUNC, 0, seed, size)

    def do_append(self, name: str, seed: int, size: int) -> None:
        """More at the end."""
        self._put(name, os.O_APPEND, None, seed, size)

    def do_patch(self, name: str, offset: int, seed: int, size: int) -> None:
        """Another content in the middle, or behind the end, which leaves a hole."""
        self._put(name, 0, offset, seed, size)

    def do_truncate(self, name: str, size: int) -> None:
        """Another length."""
        os.truncate(self._path(name), size)

    def do_replace(self, name: str, seed: int, size: int) -> None:
        """A whole new content as editors write it: beside, then renamed."""
        self.do_write(name + ".new", seed, size)
        self.do_rename(name + ".new", name)

    def do_rename(self, old: str, new: str) -> None:
        """Another name; what had it is replaced."""
        os.rename(self._path(old), self._path(new))

    def do_unlink(self, name: str) -> None:
        """No file of that name any more."""
        os.unlink(self._path(name))

    def do_mkdir(self, name: str) -> None:
        """A new directory."""
        os.mkdir(self._path(name))

    def do_symlink(self, target: str, name: str) -> None:
        """A new link, which may lead nowhere."""
        os.symlink(target, self._path(name))

    def do_chmod(self, name: str, mode: int) -> None:
        """Other permissions."""
        os.chmod(self._path(name), mode)

    def do_utime(self, name: str, seconds: int) -> None:
        """Another time of the last change."""
        os.utime(self._path(name), (seconds, seconds))

    def _put(self, name: str, flags: int, offset: int | None, seed: int, size: int) -> None:
        descriptor = os.open(self._path(name), os.O_WRONLY | flags, 0o644)
        try:
            if offset is not None:
                os.lseek(descriptor, offset, os.SEEK_SET)
            view = memoryview(content(seed, size))
            while view:
                view = view[os.write(descriptor, view[:_PIECE]) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def look(self) -> dict[str, Entry]:
        """Everything below, by its name."""
        found = {}
        for directory, directories, files in os.walk(self.root, onerror=_raise):
            for name in directories + files:
                path = os.path.join(directory, name)
                found[os.path.relpath(path, self.root)] = self._entry(path)
        return found

    def _entry(self, path: str) -> Entry:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            return {"type": "link", "target": os.readlink(path)}
        mode = stat.S_IMODE(status.st_mode)
        if stat.S_ISDIR(status.st_mode):
            return {"type": "dir", "mode": mode}
        return {
            "type": "file",
            "mode": mode,
            "size": status.st_size,
            "mtime": int(status.st_mtime_ns // 10**9),
            "sha256": _digest(path),
        }

    def blocks(self, name: str) -> list[str]:
        """The digests of the blocks of a file."""
        with open(self._path(name), "rb") as file:
            return [hashlib.sha256(block).hexdigest() for block in iter(lambda: file.read(BLOCK), b"")]

    def block(self, name: str, number: int) -> bytes:
        """One block of a file; shorter at its end."""
        with open(self._path(name), "rb") as file:
            file.seek(number * BLOCK)
            return file.read(BLOCK)


def _raise(error: OSError) -> None:
    raise error


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(_PIECE), b""):
            digest.update(piece)
    return digest.hexdigest()


def answer(request: dict[str, Any]) -> Any:
    """The answer to a request; raises OSError."""
    tree = Tree(request["root"])
    what = request["do"]
    if what == "apply":
        return tree.apply(request["operations"])
    if what == "look":
        return tree.look()
    if what == "blocks":
        return tree.blocks(request["name"])
    if what == "block":
        return base64.b64encode(tree.block(request["name"], request["number"])).decode()
    raise ValueError(f"unknown request: {what!r}")


def main() -> None:
    """Answer requests until there are no more."""
    for line in sys.stdin.buffer:
        try:
            reply = {"answer": answer(json.loads(line))}
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "")
            reply = {"error": error.strerror or str(error), "code": code, "path": os.fsdecode(error.filename or "")}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
