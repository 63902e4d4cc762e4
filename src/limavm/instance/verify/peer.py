"""What one side of a mount does to a directory, and sees in it: runs on the host, and as a program in the guest.

In the guest there is nothing but this text and Python 3.10 or newer, so it brings only what Python's own library
has. Requests and answers are JSON, one a line, on standard input and output; contents are made of a seed on
both sides, so that none travel beside the mount that is examined.

On the host, a guest may exchange everything below the root for a link while this is at work. So names are reached by
descriptors of directories, and no link is followed; nor is there a wait for the other end of a pipe.
"""

import base64
import contextlib
import errno
import hashlib
import json
import os
import random
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import Any

#: Bytes of a part of a file whose digest is told when a file differs.
BLOCK = 4096
_PIECE = 1 << 20
#: So many directories one in the other are looked into. The rounds make far fewer, so what is deeper has above it a
#: directory that should not be there; and whoever makes thousands uses up neither calls nor descriptors.
_DEEPEST = 16
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_CAREFULLY: int = _NOFOLLOW | getattr(os, "O_NONBLOCK", 0)
_DIRECTORY: int = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NOFOLLOW

#: An operation: its name, then its arguments as `Tree` takes them.
Operation = list[Any]
#: What is known of a name: `type` (`file`, `dir`, `link`, `other`), `mode`, and `size`, `mtime`, `sha256` or `target`.
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
        with self._opened(name, os.O_WRONLY) as descriptor:
            os.ftruncate(descriptor, size)

    def do_replace(self, name: str, seed: int, size: int) -> None:
        """A whole new content as editors write it: beside, then renamed."""
        self.do_write(name + ".new", seed, size)
        self.do_rename(name + ".new", name)

    def do_rename(self, old: str, new: str) -> None:
        """Another name; what had it is replaced."""
        with self._at(old) as (before, name), self._at(new) as (after, other):
            os.rename(name, other, src_dir_fd=before, dst_dir_fd=after)

    def do_unlink(self, name: str) -> None:
        """No file of that name any more."""
        with self._at(name) as (directory, last):
            os.unlink(last, dir_fd=directory)

    def do_mkdir(self, name: str) -> None:
        """A new directory."""
        with self._at(name) as (directory, last):
            os.mkdir(last, dir_fd=directory)

    def do_symlink(self, target: str, name: str) -> None:
        """A new link, which may lead nowhere."""
        with self._at(name) as (directory, last):
            os.symlink(target, last, dir_fd=directory)

    def do_chmod(self, name: str, mode: int) -> None:
        """Other permissions."""
        with self._opened(name, os.O_RDONLY) as descriptor:
            os.chmod(descriptor, mode)

    def do_utime(self, name: str, seconds: int) -> None:
        """Another time of the last change."""
        with self._at(name) as (directory, last):
            os.utime(last, (seconds, seconds), dir_fd=directory, follow_symlinks=False)

    def _put(self, name: str, flags: int, offset: int | None, seed: int, size: int) -> None:
        with self._opened(name, os.O_WRONLY | flags) as descriptor:
            if offset is not None:
                os.lseek(descriptor, offset, os.SEEK_SET)
            view = memoryview(content(seed, size))
            while view:
                view = view[os.write(descriptor, view[:_PIECE]) :]
            os.fsync(descriptor)

    @contextlib.contextmanager
    def _at(self, name: str) -> Iterator[tuple[int, str]]:
        """The directory of a name, open, and the last part of the name."""
        *folders, last = name.split("/")
        here = -1
        try:
            here = os.open(self.root, _DIRECTORY)
            for folder in folders:
                below = os.open(folder, _DIRECTORY, dir_fd=here)
                os.close(here)
                here = below
            yield here, last
        except OSError as error:
            error.filename, error.filename2 = os.path.join(self.root, name), None
            raise
        finally:
            if here >= 0:
                os.close(here)

    @contextlib.contextmanager
    def _opened(self, name: str, flags: int) -> Iterator[int]:
        with self._at(name) as (directory, last):
            descriptor = os.open(last, flags | _CAREFULLY, 0o644, dir_fd=directory)
            try:
                yield descriptor
            finally:
                os.close(descriptor)

    def look(self, name: str) -> dict[str, Entry]:
        """Everything below a directory, by its name there."""
        found: dict[str, Entry] = {}
        with self._opened(name, _DIRECTORY) as descriptor:
            _look_into(descriptor, "", found)
        return found

    def blocks(self, name: str) -> list[str]:
        """The digests of the blocks of a file."""
        with self._opened(name, os.O_RDONLY) as descriptor, open(descriptor, "rb", closefd=False) as file:
            return [hashlib.sha256(block).hexdigest() for block in iter(lambda: file.read(BLOCK), b"")]

    def block(self, name: str, number: int) -> bytes:
        """One block of a file; shorter at its end."""
        with self._opened(name, os.O_RDONLY) as descriptor, open(descriptor, "rb", closefd=False) as file:
            file.seek(number * BLOCK)
            return file.read(BLOCK)


def _look_into(directory: int, prefix: str, found: dict[str, Entry]) -> None:
    with os.scandir(directory) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            found[prefix + name] = {"type": "link", "target": os.readlink(name, dir_fd=directory)}
            continue
        if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
            found[prefix + name] = {"type": "other"}
            continue
        flags = _DIRECTORY if stat.S_ISDIR(status.st_mode) else os.O_RDONLY | _CAREFULLY
        descriptor = os.open(name, flags, dir_fd=directory)
        try:
            found[prefix + name] = _entry(descriptor, status)
            if stat.S_ISDIR(status.st_mode) and prefix.count("/") < _DEEPEST:
                _look_into(descriptor, f"{prefix}{name}/", found)
        finally:
            os.close(descriptor)


def _entry(descriptor: int, status: os.stat_result) -> Entry:
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISDIR(status.st_mode):
        return {"type": "dir", "mode": mode}
    return {
        "type": "file",
        "mode": mode,
        "size": status.st_size,
        "mtime": int(status.st_mtime_ns // 10**9),
        "sha256": _digest(descriptor),
    }


def _digest(descriptor: int) -> str:
    digest = hashlib.sha256()
    with open(descriptor, "rb", closefd=False) as file:
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
        return tree.look(request["name"])
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
