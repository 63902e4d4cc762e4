"""Files that others read: written beside and renamed, locked, cloned, removed on error.

Nothing of the user's may be half-written when a process is killed at any instant, so every file
appears under its final name only when it is complete and on the disk.
"""

import contextlib
import errno
import fnmatch
import os
import sys
import time
from collections.abc import Callable, Iterator

from limavm.errors import BusyError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: ioctl request that shares the extents of one file with another (linux/fs.h).
_FICLONE = 0x40049409
_CHUNK = 1 << 20
#: How long those who only ask whether a lock is held may keep us from it, in seconds.
_ASKED = 1.0
#: Zeros are left out at this granularity.
_BLOCK = 1 << 16
_ZEROS = bytes(_BLOCK)


def read_text(path: str) -> str | None:
    """The text of a file, None when it does not exist; undecodable bytes are kept as surrogates."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write_atomic(path: str, data: bytes, mode: int = 0o644) -> None:
    """Replace `path` by `data` so that a reader sees the old content or all of the new."""
    with replacing(path, mode) as partial:
        # `mode` comes last: it may forbid writing, and until then nobody else needs to read.
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)


@contextlib.contextmanager
def replacing(path: str, mode: int | None = None) -> Iterator[str]:
    """A name beside `path` to write to; renamed to `path` on success, removed on an error.

    The name carries our PID and ends in `.tmp`, which force-stop and prune sweep. The content is
    synced to the disk before the rename, and the rename before the context ends. An OSError of a write,
    which knows no file, is told with `path`.
    """
    partial = _partial(path)
    with remove_on_error(partial), _naming(path):
        yield partial
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(partial, mode)
        os.replace(partial, path)
    sync_directory(os.path.dirname(path) or ".")


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    """Errors of the system that name no file name this one: a full disk is found by writing to a descriptor."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = path
        raise


def _partial(path: str) -> str:
    """A name beside `path` that nobody uses.

    A leftover of a killed process with our PID goes first: it may be a hard link to a file in the
    cache, which opening it for writing would empty.
    """
    partial = f"{path}.{os.getpid()}.tmp"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    return partial


def sweep(directory: str, *patterns: str) -> None:
    """Remove the files of a directory whose names match one of the shell patterns."""
    with os.scandir(directory) as entries:
        doomed = [entry.path for entry in entries if any(fnmatch.fnmatchcase(entry.name, one) for one in patterns)]
    for path in doomed:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


@contextlib.contextmanager
def remove_on_error(path: str) -> Iterator[None]:
    """Remove the file `path`, if it exists, when the body does not end normally."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise


def sync_directory(path: str) -> None:
    """Make renames in a directory survive a power cut, where the platform can."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network file systems refuse it
        if error.errno not in (errno.EINVAL, errno.EROFS):
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: str, *, wait: bool = True, busy: str = "another command is using it") -> Iterator[int]:
    """Hold the exclusive lock of an existing file or directory (flock; on Windows of `PATH.lock`).

    Yields its descriptor. The lock goes with the process, however that ends, unless `handed_on` lets another one have
    as well. Raises BusyError with the sentence `busy` when `wait` is false and somebody else holds it,
    FileNotFoundError when `path` is removed meanwhile.
    """
    while True:
        descriptor = _open_for_lock(path)
        try:
            _acquire(descriptor, wait, busy, path)
            if _still_names(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _acquire(descriptor: int, wait: bool, busy: str, path: str) -> None:
    deadline = time.monotonic() + _ASKED
    while True:
        try:
            _lock(descriptor, wait)
        except OSError as error:
            if error.errno not in _HELD:
                raise
            if not _is_only_asked(descriptor) or time.monotonic() > deadline:
                raise BusyError(busy, where=path) from error
            time.sleep(0.001)
        else:
            return


def is_locked(path: str) -> bool:
    """Whether somebody holds the lock of an existing file or directory, who need not know that it was asked.

    Raises FileNotFoundError.
    """
    descriptor = _open_for_lock(path)
    try:
        _share(descriptor)
    except OSError as error:
        if error.errno not in _HELD:
            raise
        return True
    finally:
        os.close(descriptor)
    return False


def _still_names(path: str, descriptor: int) -> bool:
    """Whether the lock is worth something: what it was taken on was not replaced while we waited."""
    return sys.platform == "win32" or os.path.samestat(os.stat(path), os.fstat(descriptor))


_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)

if sys.platform == "win32":

    def _open_for_lock(path: str) -> int:
        return os.open(path + ".lock", os.O_RDWR | os.O_CREAT, 0o600)

    def _lock(descriptor: int, wait: bool) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

    def _share(descriptor: int) -> None:
        _lock(descriptor, False)

    def _is_only_asked(_descriptor: int) -> bool:
        """There are no shared locks: who asks is in the way of who wants to hold it for that moment."""
        return False

    def handed_on(_descriptor: int) -> tuple[int, ...]:
        """Locks are the process' own."""
        return ()

else:

    def _open_for_lock(path: str) -> int:
        return os.open(path, os.O_RDONLY)

    def _lock(descriptor: int, wait: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _share(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _is_only_asked(descriptor: int) -> bool:
        """Whether nobody holds the lock but who asks in this moment: they share it, and so can we."""
        try:
            _share(descriptor)
        except OSError:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return True

    def handed_on(descriptor: int) -> tuple[int, ...]:
        """What another process has to inherit to hold a lock of `locked` as well, until it calls `let_go`.

        Nothing where locks are the process' own (Windows).
        """
        os.set_inheritable(descriptor, True)
        return (descriptor,)


def let_go(descriptor: int, path: str) -> None:
    """Give up our part in the lock of `path`, which was handed on to us; harmless when the descriptor is none of it."""
    with contextlib.suppress(OSError, OverflowError):
        if os.path.samestat(os.stat(path), os.fstat(descriptor)):
            os.close(descriptor)


def link_or_clone(source: str, target: str) -> None:
    """Make `target` the same content as `source` as cheaply as the file systems let us.

    A hard link, else a reflink, else a sparse copy. `target` appears complete or not at all.
    """
    partial = _partial(target)
    with remove_on_error(partial):
        try:
            os.link(source, partial)
        except OSError:
            clone(source, partial)
        os.replace(partial, target)
    # Renaming a link over another link of the same file does nothing, and leaves both (rename(2)).
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    sync_directory(os.path.dirname(target) or ".")


def clone(source: str, target: str, *, advance: Callable[[int], None] = lambda _: None) -> None:
    """Copy a file by sharing its extents where the file system can, else byte by byte, holes kept.

    `advance` is told the bytes that are copied: none when they are shared. An OSError of a write, which knows
    no file, is told with `target`.
    """
    with open(source, "rb") as reader, open(target, "wb") as writer, remove_on_error(target), _naming(target):
        if not _reflink(reader.fileno(), writer.fileno()):
            _sparse_copy(reader.fileno(), writer.fileno(), advance)
        os.fsync(writer.fileno())


def shares_extents(path: str, directory: str) -> bool:
    """Whether `clone` of a file into a directory would share its extents: it takes no space then."""
    probe = _partial(os.path.join(directory, "probe"))
    try:
        with open(path, "rb") as reader, open(probe, "wb") as writer:
            return _reflink(reader.fileno(), writer.fileno())
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(probe)


def _reflink(source: int, target: int) -> bool:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.ioctl(target, _FICLONE, source)
            return True
    return False


def _sparse_copy(source: int, target: int, advance: Callable[[int], None]) -> None:
    size = os.fstat(source).st_size
    offset = 0
    while (offset := _next_data(source, offset)) < size:
        os.lseek(source, offset, os.SEEK_SET)
        chunk = memoryview(os.read(source, _CHUNK))
        if not chunk:
            break
        for start in range(0, len(chunk), _BLOCK):
            block = chunk[start : start + _BLOCK]
            if block != _ZEROS[: len(block)]:
                os.lseek(target, offset + start, os.SEEK_SET)
                _write_all(target, block)
        offset += len(chunk)
        advance(len(chunk))
    os.ftruncate(target, size)


def _next_data(source: int, offset: int) -> int:
    """Where the next bytes that are no hole begin, as far as the file system tells."""
    if sys.platform == "win32":
        return offset
    try:
        return os.lseek(source, offset, os.SEEK_DATA)
    except OSError as error:
        # ENXIO: only a hole is left.
        return os.fstat(source).st_size if error.errno == errno.ENXIO else offset


def _write_all(descriptor: int, view: memoryview) -> None:
    while view:
        view = view[os.write(descriptor, view) :]
