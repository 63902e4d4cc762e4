"""Runs inside the guest: random file operations, each on two directories, whose results must be the same.

    python3 fileops.py MOUNTED LOCAL SEED OPERATIONS TYPE

One directory is on a mount of the type, the other on a disk of the guest. The first result that differs (a value, the
number of an error, the tree in the end) is printed with what led to it, and the exit status is 1; otherwise the digest
of the tree is printed. It is to run as root: a link to a symbolic link of another user is refused by the guest's kernel
(protected_hardlinks). Nothing but the standard library of Python 3.10.
"""

import errno
import hashlib
import os
import random
import stat
import sys
import time
from typing import Any

assert sys.platform != "win32"

NAMES = ("a", "b", "with blank", "new\nline", "größe", "-d", "%41,*;", "y" * 255, "\udcff\udcfe raw")
DIRECTORIES = ("", "d1/", "d2/", "d1/deep/")
SIZES = (0, 1, 511, 4095, 4096, 4097, 65536, 131073)
OPENINGS = (
    os.O_RDONLY,
    os.O_RDWR,
    os.O_RDWR | os.O_CREAT,
    os.O_RDWR | os.O_CREAT | os.O_EXCL,
    os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    os.O_WRONLY | os.O_APPEND,
    os.O_RDONLY | os.O_DIRECTORY,
    os.O_RDONLY | os.O_NOFOLLOW,
)
HANDLES = 4

#: What a type cannot tell, as (operation, what it says, what is so).
EQUIVALENT = {
    # SFTP 3 has one status, "failure", for errors without a number of their own, and sshfs makes EPERM of it.
    "reverse-sshfs": {("rename", "EPERM", "ENOTEMPTY")},
}
#: A file that is deleted while it is open is kept by libfuse under such a name until it is closed.
HIDDEN = ".fuse_hidden"
HIDING = {"reverse-sshfs"}
#: QEMU looks at an open file by its name, so one that is deleted or replaced has no size any more, or that of another.
BY_NAME = {"9p"}


class Directory:
    """One of both directories, and the files that are open in it."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.handles: dict[int, int] = {}

    def path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def do(self, name: str, *arguments: Any) -> Any:
        """What an operation gives: its value, or the name of the error number."""
        try:
            return getattr(self, "do_" + name)(*arguments)
        except OSError as error:
            return errno.errorcode.get(error.errno or 0, str(error))

    def do_open(self, handle: int, name: str, flags: int) -> None:
        self.do_close(handle)
        self.handles[handle] = os.open(self.path(name), flags, 0o640)

    def do_close(self, handle: int) -> None:
        if handle in self.handles:
            os.close(self.handles.pop(handle))

    def _handle(self, handle: int) -> int:
        if handle not in self.handles:
            raise OSError(errno.EBADF, "not open")
        return self.handles[handle]

    def do_pwrite(self, handle: int, size: int, offset: int, seed: int) -> int:
        return os.pwrite(self._handle(handle), content(seed, size), offset)

    def do_write(self, handle: int, size: int, seed: int) -> int:
        return os.write(self._handle(handle), content(seed, size))

    def do_pread(self, handle: int, size: int, offset: int) -> str:
        return digest(os.pread(self._handle(handle), size, offset))

    def do_ftruncate(self, handle: int, size: int) -> None:
        os.ftruncate(self._handle(handle), size)

    def do_fsync(self, handle: int) -> None:
        os.fsync(self._handle(handle))

    def do_fstat(self, handle: int) -> tuple[int, int]:
        status = os.fstat(self._handle(handle))
        return stat.S_IFMT(status.st_mode), 0 if stat.S_ISDIR(status.st_mode) else status.st_size

    def do_truncate(self, name: str, size: int) -> None:
        os.truncate(self.path(name), size)

    def do_unlink(self, name: str) -> None:
        os.unlink(self.path(name))

    def do_rename(self, old: str, new: str) -> None:
        os.rename(self.path(old), self.path(new))

    def do_link(self, old: str, new: str) -> None:
        os.link(self.path(old), self.path(new), follow_symlinks=False)

    def do_symlink(self, target: str, name: str) -> None:
        os.symlink(target, self.path(name))

    def do_readlink(self, name: str) -> str:
        return os.readlink(self.path(name))

    def do_mkdir(self, name: str, mode: int) -> None:
        os.mkdir(self.path(name))
        os.chmod(self.path(name), mode)  # whatever the umask of each side is

    def do_rmdir(self, name: str) -> None:
        os.rmdir(self.path(name))

    def do_chmod(self, name: str, mode: int) -> int:
        os.chmod(self.path(name), mode)
        return stat.S_IMODE(os.stat(self.path(name)).st_mode)

    def do_utime(self, name: str, seconds: int) -> int:
        os.utime(self.path(name), (seconds, seconds))
        return int(os.stat(self.path(name)).st_mtime)

    def do_lstat(self, name: str) -> Any:
        return described(self.path(name))

    def do_listdir(self, name: str) -> list[str]:
        return sorted(found for found in os.listdir(self.path(name)) if not found.startswith(HIDDEN))

    def do_readall(self, name: str) -> str:
        with open(self.path(name), "rb") as file:
            return digest(file.read())

    def close_all(self) -> None:
        """Close every file, and wait until those are gone that were deleted before."""
        for handle in range(HANDLES):
            self.do_close(handle)
        deadline = time.monotonic() + 30
        while any(name.startswith(HIDDEN) for _, _, names in os.walk(self.root) for name in names):
            if time.monotonic() > deadline:
                raise TimeoutError(f"a deleted file stays: {self.tree()}")
            time.sleep(0.01)

    def tree(self) -> dict[str, Any]:
        found = {}
        for directory, directories, files in os.walk(self.root):
            for name in directories + files:
                path = os.path.join(directory, name)
                found[os.path.relpath(path, self.root)] = described(path, content=True)
        return found


def described(path: str, *, content: bool = False) -> Any:
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return ["link", os.readlink(path)]
    if stat.S_ISDIR(status.st_mode):
        return ["dir", stat.S_IMODE(status.st_mode)]
    found: list[Any] = ["file", stat.S_IMODE(status.st_mode), status.st_size]
    if content:
        with open(path, "rb") as file:
            found.append(digest(file.read()))
    return found


def content(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def digest(data: bytes) -> str:
    return f"{len(data)}:{hashlib.sha256(data).hexdigest()[:16]}"


class Drawing:
    """Draws operations."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def name(self) -> str:
        return self.random.choice(DIRECTORIES) + self.random.choice(NAMES[: self.random.choice((3, len(NAMES)))])

    def directory(self) -> str:
        return self.random.choice(DIRECTORIES[1:]).rstrip("/")

    def operation(self) -> list[Any]:
        draw, handle = self.random, self.random.randrange(HANDLES)
        size, seed = draw.choice(SIZES), draw.getrandbits(32)
        choices: list[list[Any]] = [
            *(["open", handle, self.name(), draw.choice(OPENINGS)] for _ in range(3)),
            ["pwrite", handle, size, draw.choice((0, 1, 4096, 100_000, 3_000_000)), seed],
            ["write", handle, size, seed],
            ["pread", handle, size, draw.choice((0, 1, 4096, 100_000))],
            ["ftruncate", handle, draw.choice(SIZES)],
            ["fsync", handle],
            ["fstat", handle],
            ["close", handle],
            ["truncate", self.name(), draw.choice(SIZES)],
            ["unlink", self.name()],
            *(["rename", self.name(), self.name()] for _ in range(2)),
            ["rename", self.directory(), self.directory()],
            ["link", self.name(), self.name()],
            ["symlink", draw.choice(("a", "../b", "nowhere/x", "d1")), self.name()],
            ["readlink", self.name()],
            *(["mkdir", self.directory(), draw.choice((0o755, 0o700))] for _ in range(2)),
            ["rmdir", self.directory()],
            ["chmod", self.name(), draw.choice((0o644, 0o600, 0o755))],
            ["utime", self.name(), draw.randrange(10**9, 2**31 - 1)],
            ["lstat", self.name()],
            ["listdir", draw.choice(DIRECTORIES)],
            ["readall", self.name()],
        ]
        return draw.choice(choices)


def main(mounted: str, local: str, seed: int, count: int, kind: str) -> int:
    pair = (Directory(mounted), Directory(local))
    drawing = Drawing(seed)
    equivalent = EQUIVALENT.get(kind, set())
    done = []
    for number in range(count):
        operation = drawing.operation()
        done.append(operation)
        if (kind in HIDING and may_need_empty_directory(*operation)) or (kind in BY_NAME and may_end_file(*operation)):
            for one in pair:
                one.close_all()
        results = [one.do(*operation) for one in pair]
        if results[0] != results[1] and (operation[0], *map(str, results)) not in equivalent:
            say(f"seed {seed}, operation {number}: {operation!r} gives {results[0]!r}, not {results[1]!r}; before:")
            say("\n".join(map(repr, done[-30:])))
            return 1
    for one in pair:
        one.close_all()
    trees = [one.tree() for one in pair]
    if trees[0] != trees[1]:
        for name in sorted(trees[0].keys() | trees[1].keys()):
            if trees[0].get(name) != trees[1].get(name):
                say(f"seed {seed}, in the end: {name!r} is {trees[0].get(name)!r}, not {trees[1].get(name)!r}")
        return 1
    say(tree_digest(mounted))
    return 0


def may_end_file(name: str, *_: Any) -> bool:
    """Whether an operation may take a name from a file."""
    return name in ("unlink", "rename")


def may_need_empty_directory(name: str, *arguments: Any) -> bool:
    """Whether an operation may depend on a directory being empty."""
    return name == "rmdir" or (name == "rename" and f"{arguments[1]}/" in DIRECTORIES)


def tree_digest(root: str) -> str:
    """What tells one tree from another, for the host to compare with what it sees itself."""
    return digest(repr(sorted(Directory(root).tree().items())).encode())


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    mounted, local, seed, count, kind = sys.argv[1:]
    sys.exit(main(mounted, local, int(seed), int(count), kind))
