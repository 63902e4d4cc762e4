"""The cache of builds: `CACHE/build/KEY/`, there only when it is whole.

Work goes on in `KEY.tmp` under the lock of `KEY.lock`, so equal builds happen once, and what a killed
build left is known by its name and by nobody holding the lock; the next build of any key sweeps it.
"""

import contextlib
import os
from collections.abc import Callable, Iterator

from limavm.errors import BusyError
from limavm.host import files, paths

#: What an entry holds; it is whole when its directory has its final name.
NAMES = (paths.IMAGE, paths.KERNEL, paths.INITRD, paths.KERNEL_CMDLINE)

_PARTIAL = ".tmp"
_LOCK = ".lock"


def builds_dir() -> str:
    """The directory of all builds of the user, which need not exist."""
    return os.path.join(paths.cache_dir(), "build")


def is_whole(directory: str) -> bool:
    """Whether an entry exists with all of its files."""
    return all(os.path.exists(os.path.join(directory, name)) for name in NAMES)


@contextlib.contextmanager
def locked_entry(builds: str, key: str) -> Iterator[str]:
    """Hold the lock of an entry; its directory, which may be whole, made by whoever held the lock before."""
    with _held(builds, key, wait=True):
        yield os.path.join(builds, key)


@contextlib.contextmanager
def _held(builds: str, key: str, *, wait: bool) -> Iterator[str]:
    """Hold the lock of an entry; its path. Raises BusyError unless we may wait for it."""
    with contextlib.ExitStack() as stack:
        while True:  # a prune may remove the lock between the two steps
            with contextlib.suppress(FileNotFoundError):
                lock = _ensure_lock(builds, key)
                stack.enter_context(files.locked(lock, wait=wait))
                break
        yield lock


def _ensure_lock(builds: str, key: str) -> str:
    lock = os.path.join(builds, key + _LOCK)
    os.makedirs(builds, exist_ok=True)
    os.close(os.open(lock, os.O_RDONLY | os.O_CREAT, 0o644))
    return lock


@contextlib.contextmanager
def new_entry(builds: str, key: str, remove: Callable[[str], None]) -> Iterator[str]:
    """An empty directory to build in, renamed to the entry at the end; removed by `remove` on an error.

    The caller holds the entry's lock.
    """
    partial = os.path.join(builds, key + _PARTIAL)
    for leftover in (partial, os.path.join(builds, key)):
        if os.path.lexists(leftover):
            remove(leftover)
    os.mkdir(partial)
    try:
        yield partial
        _sync(partial)
    except BaseException:
        with contextlib.suppress(OSError):
            remove(partial)
        raise
    os.rename(partial, os.path.join(builds, key))
    files.sync_directory(builds)


def _sync(directory: str) -> None:
    for name in NAMES:
        with open(os.path.join(directory, name), "rb+") as file:
            os.fsync(file.fileno())
    files.sync_directory(directory)


def sweep(builds: str, remove: Callable[[str], None]) -> None:
    """Remove what killed builds left; those that are going on hold their locks and are let alone."""
    for name in sorted(os.listdir(builds)):
        if not name.endswith(_PARTIAL):
            continue
        lock = _ensure_lock(builds, name.removesuffix(_PARTIAL))
        with contextlib.suppress(BusyError, FileNotFoundError), files.locked(lock, wait=False):
            remove(os.path.join(builds, name))


def keys(builds: str) -> list[str]:
    """The keys of all entries and of what killed builds left, sorted."""
    try:
        found = os.listdir(builds)
    except FileNotFoundError:
        return []
    return sorted({name.removesuffix(_PARTIAL).removesuffix(_LOCK) for name in found})


def places(builds: str, key: str) -> list[str]:
    """What there may be of an entry: itself, and the directory of a build that goes on or was killed."""
    return [os.path.join(builds, key), os.path.join(builds, key + _PARTIAL)]


@contextlib.contextmanager
def removing(builds: str, key: str) -> Iterator[None]:
    """Hold an entry that is to be removed, its lock with it; raises BusyError while anybody else holds it."""
    with _held(builds, key, wait=False) as lock:
        yield
        with contextlib.suppress(OSError):  # of Windows: it is open
            os.unlink(lock)
