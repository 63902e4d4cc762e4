"""What a directory tree holds, without its contents: enough to tell later whether somebody has changed it.

Symbolic links are never followed. What is neither file, directory nor link is noted, and nobody's to change.
"""

import enum
import os
import stat
from collections.abc import Iterator, Mapping

from limavm.model.value import Value

#: Permissions that travel between host and guest: no file becomes setuid by coming from a guest.
MODE = 0o777


class Kind(enum.Enum):
    """What an entry of a directory is."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    #: A socket, a device, a pipe.
    SPECIAL = "special"


class Entry(Value, frozen=True, kw_only=True):
    """One file, directory or link. Directories have neither size nor time, links only where they lead."""

    kind: Kind
    mode: int = 0
    size: int = 0
    mtime_ns: int = 0
    target: str = ""
    #: 0 when it says nothing, as for a file of the other side.
    inode: int = 0

    @property
    def content(self) -> tuple[object, ...]:
        """What tells one content from another without reading it."""
        return (self.size, self.mtime_ns, self.target)


def alike(one: Entry | None, other: Entry | None) -> bool:
    """Whether two sides have the same at a path, as far as can be told without reading."""
    if one is None or other is None:
        return one is other
    return (one.kind, one.mode, one.content) == (other.kind, other.mode, other.content)


#: Entries by their path below the root, which has no entry itself.
Tree = Mapping[str, Entry]


def manifest(root: str) -> dict[str, Entry]:
    """The tree below a directory. What vanishes meanwhile is left out; raises OSError for what cannot be read."""
    tree: dict[str, Entry] = {}
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        for name, entry in _entries(os.path.join(root, prefix), root if prefix else None):
            path = f"{prefix}{name}"
            tree[path] = entry
            if entry.kind is Kind.DIRECTORY:
                waiting.append(f"{path}/")
    return tree


def _entries(directory: str, root: str | None) -> Iterator[tuple[str, Entry]]:
    try:
        with os.scandir(directory) as found:
            names = [one.name for one in found]
    except (FileNotFoundError, NotADirectoryError):
        if root is None:
            raise
        return
    for name in names:
        entry = entry_at(os.path.join(directory, name))
        if entry:
            yield name, entry


def entry_at(path: str, *, directory: int | None = None) -> Entry | None:
    """What is at a path, relative to an open directory if there is one; None when there is nothing."""
    try:
        status = os.lstat(path) if directory is None else os.stat(path, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            return Entry(kind=Kind.LINK, target=os.readlink(path, dir_fd=directory))
    except (FileNotFoundError, NotADirectoryError):
        return None
    mode = status.st_mode & MODE
    if stat.S_ISDIR(status.st_mode):
        return Entry(kind=Kind.DIRECTORY, mode=mode)
    if not stat.S_ISREG(status.st_mode):
        return Entry(kind=Kind.SPECIAL)
    return Entry(kind=Kind.FILE, mode=mode, size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)
