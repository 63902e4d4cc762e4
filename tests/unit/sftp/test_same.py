"""The same operations over SFTP and by local calls, and against OpenSSH's own server: the same results."""

import contextlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.sftpclient import (
    APPEND,
    CREATE,
    EXCLUSIVE,
    FAILURE,
    OPENSSH,
    READ,
    TRUNCATE,
    WRITE,
    Raw,
    SftpClient,
    StatusError,
    Wide,
    attributes,
    connected,
    server_argv,
)

NAMES = [b"a", b"b", b"\xff\n ", "ü".encode() * 127, b"d", b"d/a", b"d/e", b"d/e/f", b"l", b"l/a", b"none/x"]
#: None that leads out of the directory, wherever the link is moved: there the others go, and limavm does not.
TEXTS = [b"a", b"d", b"d/e", b"l", b"d/../b", b"."]
FLAGS = st.sampled_from(
    [
        *(READ, WRITE, READ | WRITE, WRITE | CREATE, READ | WRITE | CREATE | TRUNCATE, WRITE | CREATE | EXCLUSIVE),
        *(WRITE | APPEND | CREATE, READ | TRUNCATE, CREATE, READ | EXCLUSIVE, 0),
    ]
)
#: Without the bits that limavm leaves out, see test_paths.
MODES = st.sampled_from([0o600, 0o644, 0o755, 0o000, 0o1755, 0o1777])
name = st.sampled_from(NAMES)
slot = st.integers(0, 3)
offset = st.sampled_from([0, 1, 5, 4096, 1 << 20, 5 << 30])

Operation = tuple[str, tuple[object, ...]]
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.tuples(st.just("open"), st.tuples(slot, name, FLAGS, MODES)),
    st.tuples(st.just("close"), st.tuples(slot)),
    st.tuples(st.just("write"), st.tuples(slot, offset, st.binary(min_size=1, max_size=40))),
    st.tuples(st.just("read"), st.tuples(slot, offset, st.integers(0, 50))),
    st.tuples(st.just("fsetstat"), st.tuples(slot, MODES, offset)),
    st.tuples(st.just("mkdir"), st.tuples(name, st.sampled_from([0o755, 0o700, 0o1777]))),
    st.tuples(st.sampled_from(["remove", "rmdir", "readlink", "stat", "lstat", "names"]), st.tuples(name)),
    st.tuples(st.sampled_from(["rename", "replace", "link"]), st.tuples(name, name)),
    st.tuples(st.just("symlink"), st.tuples(st.sampled_from(TEXTS), name)),
    st.tuples(st.just("chmod"), st.tuples(name, MODES)),
    st.tuples(st.just("truncate"), st.tuples(name, offset)),
    st.tuples(st.just("utime"), st.tuples(name, st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 2))),
)


class OverSftp:
    """The operations as requests; a refusal is its status."""

    def __init__(self, client: SftpClient, root: bytes) -> None:
        self.client = client
        self.root = root
        self.handles: dict[int, bytes] = {}

    def do(self, operation: Operation) -> object:
        what, given_ = operation
        act: Callable[..., object] = getattr(self, what)
        try:
            return act(*given_)
        except StatusError as error:
            return f"status {error.code}"

    def path(self, name: bytes) -> bytes:
        return self.root + b"/" + name

    def open(self, slot: int, name: bytes, flags: int, mode: int) -> None:
        self.close(slot)
        handle = self.client.open(self.path(name), flags, attributes(mode=mode))
        if stat.S_ISDIR(self.client.fstat(handle).mode):
            # OpenSSH opens a directory as a file, of which nothing can be read; ours does not.
            self.client.close(handle)
            raise StatusError(FAILURE, "a directory")
        self.handles[slot] = handle

    def close(self, slot: int) -> None:
        if slot in self.handles:
            self.client.close(self.handles.pop(slot))

    def write(self, slot: int, offset: int, data: bytes) -> None:
        if slot in self.handles:
            self.client.write(self.handles[slot], offset, data)

    def read(self, slot: int, offset: int, length: int) -> object:
        if slot not in self.handles:
            return None
        return self.client.call(5, self.handles[slot], Wide(offset), length).string()

    def fsetstat(self, slot: int, mode: int, size: int) -> None:
        if slot in self.handles:
            self.client.fsetstat(self.handles[slot], attributes(mode=mode, size=size, times=(3, 4)))

    def mkdir(self, name: bytes, mode: int) -> None:
        self.client.mkdir(self.path(name), attributes(mode=mode))

    def remove(self, name: bytes) -> None:
        self.client.remove(self.path(name))

    def rmdir(self, name: bytes) -> None:
        self.client.rmdir(self.path(name))

    def readlink(self, name: bytes) -> object:
        return self.client.readlink(self.path(name))

    def stat(self, name: bytes) -> object:
        return self._seen(self.client.stat(self.path(name)))

    def lstat(self, name: bytes) -> object:
        return self._seen(self.client.lstat(self.path(name)))

    def _seen(self, found: "tuple[int, ...]") -> object:
        size, uid, gid, mode, *_ = found
        return None if stat.S_ISDIR(mode) else size, uid, gid, mode

    def names(self, name: bytes) -> object:
        return self.client.names(self.path(name))

    def rename(self, old: bytes, new: bytes) -> None:
        self.client.rename(self.path(old), self.path(new))

    def replace(self, old: bytes, new: bytes) -> None:
        self.client.replace(self.path(old), self.path(new))

    def link(self, old: bytes, new: bytes) -> None:
        self.client.link(self.path(old), self.path(new))

    def symlink(self, text: bytes, name: bytes) -> None:
        self.client.symlink(text, self.path(name))

    def chmod(self, name: bytes, mode: int) -> None:
        self.client.setstat(self.path(name), attributes(mode=mode))

    def truncate(self, name: bytes, size: int) -> None:
        self.client.setstat(self.path(name), attributes(size=size))

    def utime(self, name: bytes, atime: int, mtime: int) -> None:
        self.client.setstat(self.path(name), attributes(times=(atime, mtime)))


class Locally(OverSftp):
    """The same by calls of the system; what they refuse is only known to be refused."""

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.files: dict[int, int] = {}

    def do(self, operation: Operation) -> object:
        what, given_ = operation
        act: Callable[..., object] = getattr(self, what)
        try:
            return act(*given_)
        except OSError:
            return "refused"

    def open(self, slot: int, name: bytes, flags: int, mode: int) -> None:
        self.close(slot)
        both = flags & (READ | WRITE)
        wanted = os.O_RDWR if both == READ | WRITE else os.O_WRONLY if both == WRITE else os.O_RDONLY
        for ours, theirs in ((APPEND, os.O_APPEND), (CREATE, os.O_CREAT), (TRUNCATE, os.O_TRUNC)):
            wanted |= theirs if flags & ours else 0
        wanted |= os.O_EXCL if flags & EXCLUSIVE and flags & CREATE else 0
        fd = os.open(self.path(name), wanted, mode)
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            os.close(fd)
            raise IsADirectoryError
        self.files[slot] = fd

    def close(self, slot: int) -> None:
        if slot in self.files:
            os.close(self.files.pop(slot))

    def write(self, slot: int, offset: int, data: bytes) -> None:
        if slot in self.files:
            os.lseek(self.files[slot], offset, os.SEEK_SET)
            os.write(self.files[slot], data)

    def read(self, slot: int, offset: int, length: int) -> object:
        if slot not in self.files:
            return None
        os.lseek(self.files[slot], offset, os.SEEK_SET)
        found = os.read(self.files[slot], length)
        if length and not found:
            raise AtEndError
        return found

    def fsetstat(self, slot: int, mode: int, size: int) -> None:
        if slot in self.files:
            os.truncate(self.files[slot], size)
            os.chmod(self.files[slot], mode)
            os.utime(self.files[slot], (3, 4))

    def mkdir(self, name: bytes, mode: int) -> None:
        os.mkdir(self.path(name), mode)

    def remove(self, name: bytes) -> None:
        os.unlink(self.path(name))

    def rmdir(self, name: bytes) -> None:
        os.rmdir(self.path(name))

    def readlink(self, name: bytes) -> object:
        return os.readlink(self.path(name))

    def stat(self, name: bytes) -> object:
        return self._local(os.stat(self.path(name)))

    def lstat(self, name: bytes) -> object:
        return self._local(os.lstat(self.path(name)))

    def _local(self, found: os.stat_result) -> object:
        return self._seen((found.st_size, found.st_uid, found.st_gid, found.st_mode))

    def names(self, name: bytes) -> object:
        return sorted(os.listdir(self.path(name)))

    def rename(self, old: bytes, new: bytes) -> None:
        os.lstat(self.path(old))
        if os.path.lexists(self.path(new)):
            raise FileExistsError
        os.rename(self.path(old), self.path(new))

    def replace(self, old: bytes, new: bytes) -> None:
        os.rename(self.path(old), self.path(new))

    def link(self, old: bytes, new: bytes) -> None:
        os.link(self.path(old), self.path(new), follow_symlinks=False)

    def symlink(self, text: bytes, name: bytes) -> None:
        os.symlink(text, self.path(name))

    def chmod(self, name: bytes, mode: int) -> None:
        os.chmod(self.path(name), mode)

    def truncate(self, name: bytes, size: int) -> None:
        os.truncate(self.path(name), size)

    def utime(self, name: bytes, atime: int, mtime: int) -> None:
        os.utime(self.path(name), (atime, mtime))


class AtEndError(OSError):
    """The end of a file, which is a status as others are."""


def picture(root: bytes) -> "dict[bytes, tuple[object, ...]]":
    """All that a directory holds, but for times that depend on when it was done."""
    found: dict[bytes, tuple[object, ...]] = {}
    for parent, directories, files in os.walk(root):
        for entry in directories + files:
            path = os.path.join(parent, entry)
            seen = os.lstat(path)
            content: object = None
            if stat.S_ISREG(seen.st_mode):
                content = seen.st_size, seen.st_nlink, beginning(path), old(seen.st_mtime_ns)
            elif stat.S_ISLNK(seen.st_mode):
                content = os.readlink(path)
            found[os.path.relpath(path, root)] = seen.st_mode, seen.st_uid, seen.st_gid, content
    return found


def beginning(path: bytes) -> "bytes | None":
    """The first bytes of a file, unless it is one that we may not read."""
    with contextlib.suppress(PermissionError), open(path, "rb") as file:
        return file.read(10000)
    return None


def old(mtime_ns: int) -> int:
    """A time that was set; 0 for one of now."""
    return mtime_ns if mtime_ns < 1_500_000_000 * 10**9 else 0


@contextlib.contextmanager
def directories(count: int) -> Iterator[list[bytes]]:
    top = Path(tempfile.mkdtemp(prefix="sftp-"))
    mask = os.umask(0)
    try:
        for number in range(count):
            (top / str(number)).mkdir()
        yield [os.fsencode(top / str(number)) for number in range(count)]
    finally:
        os.umask(mask)
        subprocess.run(["chmod", "-R", "u+rwX", top], check=False)
        shutil.rmtree(top)


@settings(max_examples=25)
@given(operations=st.lists(OPERATIONS, max_size=60))
def test_a_sequence_of_operations_has_the_results_of_local_calls(operations: list[Operation]) -> None:
    with directories(2) as (served, local), connected(server_argv("--root", os.fsdecode(served))) as (client, _):
        over, by_hand = OverSftp(client, served), Locally(local)
        for operation in operations:
            remote, expected = over.do(operation), by_hand.do(operation)
            if isinstance(remote, str):
                remote = "refused"
            assert remote == expected, operation
        assert picture(served) == picture(local)
        for number in list(by_hand.files):
            by_hand.close(number)


@pytest.mark.skipif(OPENSSH is None, reason="OpenSSH's server is not installed")
@settings(max_examples=25)
@given(operations=st.lists(OPERATIONS, max_size=60))
def test_a_sequence_of_operations_has_the_answers_of_openssh(operations: list[Operation]) -> None:
    """Down to the number of each status."""
    assert OPENSSH
    with (
        directories(2) as (served, theirs),
        connected(server_argv("--root", os.fsdecode(served))) as (client, _),
        connected([OPENSSH]) as (reference, _),
    ):
        over, oracle = OverSftp(client, served), OverSftp(reference, theirs)
        for operation in operations:
            answer, expected = over.do(operation), oracle.do(operation)
            assert answer == expected, operation
        assert picture(served) == picture(theirs)


def test_an_attribute_of_no_kind_changes_nothing() -> None:
    with directories(1) as (root,), connected(server_argv("--root", os.fsdecode(root))) as (client, _):
        client.mkdir(root + b"/d", attributes(mode=0o755))
        client.setstat(root + b"/d", Raw(b"\0\0\0\0"))
        assert client.stat(root + b"/d").mode == stat.S_IFDIR | 0o755
