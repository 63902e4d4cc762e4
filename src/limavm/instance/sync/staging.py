"""Where the guest's files land: a directory on the file system of the one they are for, but not in it if possible.

It is locked while it is used. One that nobody holds was left by a killed command, and goes.
"""

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator

from limavm.errors import BusyError
from limavm.host.files import locked
from limavm.host.trees import remove_tree

_PREFIX = ".lima-sync-"
_INNER = "guest"


@contextlib.contextmanager
def staging(root: str) -> Iterator[str]:
    """An empty directory in one that only we may enter, removed with all it holds at the end.

    The inner one is for the guest's files, and rsync gives it the mode of the guest's directory.
    """
    parent = _beside(root)
    _sweep(parent)
    path = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)
    try:
        with locked(path, wait=False):
            inner = os.path.join(path, _INNER)
            os.mkdir(inner, stat.S_IRWXU)
            yield inner
    finally:
        discard(path)


def _beside(root: str) -> str:
    """The parent, from which files can be moved in a moment; the directory itself where that cannot be."""
    parent = os.path.dirname(root)
    usable = os.stat(parent).st_dev == os.stat(root).st_dev and os.access(parent, os.W_OK | os.X_OK)
    return parent if usable else root


def _sweep(parent: str) -> None:
    with os.scandir(parent) as found:
        left = [one.path for one in found if one.name.startswith(_PREFIX) and _is_ours(one)]
    for path in left:
        with contextlib.suppress(BusyError, OSError), locked(path, wait=False):
            discard(path)


def _is_ours(one: "os.DirEntry[str]") -> bool:
    """Whether this user has made it: root does not clean up what others name so."""
    status = one.stat(follow_symlinks=False)
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        return False
    return stat.S_ISDIR(status.st_mode)


def open_directories(root: str) -> None:
    """Let us enter and empty every directory below, whatever modes the guest has given them, and however deep."""
    closed = [root]
    while closed:
        path = closed.pop()
        os.chmod(path, stat.S_IRWXU)
        with os.scandir(path) as found:
            closed += [one.path for one in found if one.is_dir(follow_symlinks=False)]


def discard(path: str) -> None:
    """Remove a staging directory; harmless when it is gone."""
    with contextlib.suppress(OSError):  # a path that is too long, or gone: what cannot be removed is told below
        open_directories(path)
    remove_tree(path)


def inside(path: str, root: str) -> str | None:
    """The name that the staging directory has in the tree that it is for; None if it lies beside."""
    outer = os.path.dirname(path)
    return os.path.basename(outer) if os.path.dirname(outer) == root else None
