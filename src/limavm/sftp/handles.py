"""What a client has open: files and directories, each by a number that is never used a second time."""

import os
import sys

assert sys.platform != "win32"

from limavm.sftp.packet import FAILURE, U64, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 4096


class Handle:
    """An open file or directory; the descriptor is the handle's own."""

    __slots__ = ("append", "directory", "entries", "fd", "path")

    def __init__(self, fd: int, *, directory: bool = False, append: bool = False, path: bytes = b"") -> None:
        self.fd = fd
        self.directory = directory
        #: What the client called a directory.
        self.path = path
        self.append = append
        #: What READDIR has not told yet; None before the first.
        self.entries: Iterator[os.DirEntry[str]] | None = None

    def close(self) -> None:
        """Give the descriptor back. A write that the file system had put off may fail only here: OSError."""
        close = getattr(self.entries, "close", None)
        if close is not None:
            close()
        os.close(self.fd)


class Handles:
    """At most `most` handles at a time, so that a client cannot use up the descriptors of the process."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._open: dict[bytes, Handle] = {}
        self._next = 1

    def ensure_room(self) -> None:
        """Raise Refusal when one more would be too many."""
        if len(self._open) >= self.most:
            raise Refusal(FAILURE, f"too many open handles: {self.most}")

    def add(self, handle: Handle) -> bytes:
        """The name by which the client gets it back."""
        name = U64.pack(self._next)
        self._next += 1
        self._open[name] = handle
        return name

    def get(self, name: bytes) -> Handle:
        """Raise Refusal when there is none of that name."""
        handle = self._open.get(name)
        if handle is None:
            raise Refusal(FAILURE, "no such handle")
        return handle

    def file(self, name: bytes) -> Handle:
        """One of a file."""
        handle = self.get(name)
        if handle.directory:
            raise Refusal(FAILURE, "the handle is one of a directory")
        return handle

    def listing(self, name: bytes) -> Handle:
        """One of a directory."""
        handle = self.get(name)
        if not handle.directory:
            raise Refusal(FAILURE, "the handle is one of a file")
        return handle

    def pop(self, name: bytes) -> Handle:
        """Take it out; the caller closes it."""
        handle = self.get(name)
        del self._open[name]
        return handle

    def __len__(self) -> int:
        return len(self._open)

    def close(self) -> None:
        """Close all of them, whatever the file systems say."""
        for handle in self._open.values():
            try:
                handle.close()
            except OSError:  # nobody is left to be told
                continue
        self._open.clear()
