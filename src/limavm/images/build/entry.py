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
    """The directory of all builds of the user; it is made when missing."""
    path = os.path.join(paths.cache_dir(), "build")
    os.makedirs(path, exist_ok=True)
    return path


def is_whole(directory: str) -> bool:
    """Whether an entry exists with all of its files."""
    return all(os.path.exists(os.path.join(directory, name)) for name in NAMES)


@contextlib.contextmanager
def locked_entry(builds: str, key: str) -> Iterator[str]:
    """Hold the lock of an entry; its directory, which may be whole, made by whoever held the lock before."""
    with files.locked(_ensure_lock(builds, key)):
        yield os.path.join(builds, key)


def _ensure_lock(builds: str, key: str) -> str:
    lock = os.path.join(builds, key + _LOCK)
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
        with contextlib.suppress(BusyError), files.locked(lock, wait=False):
            remove(os.path.join(builds, name))
