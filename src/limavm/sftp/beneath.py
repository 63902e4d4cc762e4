"""Paths of a client, resolved from the descriptor of the one directory that is served.

A path becomes a `Place`: the descriptor of a directory beneath the root and a name in it, without a slash. Whoever
acts on a place does so without following a link, so it does not matter what is renamed between the look and the act:
the descriptor stays where it is, and a name in it that has become a link is a link, not what it points to.

Symbolic links are followed as far as they stay beneath the root. An absolute target is a path on the host, and is
resolved when it lies in the root by its text; so is a link with `..` that goes up to the root and not beyond.
Everything else is refused, whether or not there is something outside.
"""

import errno
import os
import sys

assert sys.platform != "win32"

from limavm.sftp import syscalls
from limavm.sftp.packet import PERMISSION_DENIED, Refusal

#: As many as Linux itself follows.
_LINKS = 40
#: While something is renamed, openat2 cannot tell; it is asked again so often.
_ATTEMPTS = 16
#: What openat2 says where there is none, or where it may not be used.
_NO_OPENAT2 = (errno.ENOSYS, errno.EPERM, errno.EINVAL)
#: A path and what the links in it add, in components: no kernel takes longer ones.
_LONGEST = 4096
#: A client's path below the root, in bytes: PATH_MAX of Linux.
_LONGEST_NAMED = 4096
#: How often a walk may go down one directory, for each `..` anew: a thousand times what honest paths need.
_STEPS = 20_000
#: Links lead to deeper directories than a path can name; a reply has room for less than that.
_LONGEST_PATH = 32 << 10
#: What the step says of a link, depending on the system.
_NO_DIRECTORY = (errno.ENOTDIR, errno.ELOOP, errno.EMLINK)
_STEP = syscalls.DIRECTORY | os.O_NOFOLLOW


class Place:
    """A name in a directory, which is closed at the end of the `with` block."""

    __slots__ = ("_owned", "fd", "name")

    def __init__(self, fd: int, name: bytes, *, owned: bool) -> None:
        self.fd = fd
        self.name = name
        self._owned = owned

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *_: object) -> None:
        if self._owned:
            os.close(self.fd)


def outside() -> Refusal:
    """What is not beneath the root."""
    return Refusal(PERMISSION_DENIED, "outside of the shared directory")


def _too_long() -> OSError:
    return OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


class Root:
    """The directory that is served. `fd` stays the caller's; `names` are the absolute paths that clients know it by."""

    def __init__(self, fd: int, names: "tuple[bytes, ...]", *, openat2: bool = True) -> None:
        self.fd = fd
        self.name = names[0]
        self._prefixes = [[part for part in name.split(b"/") if part] for name in names]
        self._openat2 = openat2 and sys.platform == "linux"

    def place(self, path: bytes) -> Place:
        """Where the name at the end of `path` is; a link at the end is the link itself."""
        parts = self._parts(path)
        if not parts:
            return Place(self.fd, b".", owned=False)
        if parts[-1] in (b".", b".."):
            return self._walk(parts, follow=True)[0]
        if len(parts) == 1:
            return Place(self.fd, parts[0], owned=False)
        fd = self._fast(parts[:-1])
        if fd is None:
            return self._walk(parts, follow=False)[0]
        return Place(fd, parts[-1], owned=True)

    def target(self, path: bytes) -> Place:
        """Where that is which `path` leads to, through a link at the end too; it need not be there."""
        place = self.place(path)
        try:
            os.readlink(place.name, dir_fd=place.fd)
        except OSError:  # no link
            return place
        with place:
            return self._walk(self._parts(path), follow=True)[0]

    def real(self, path: bytes) -> bytes:
        """The absolute path without links and dots; only what is at its end may be missing."""
        place, trail = self._walk(self._parts(path), follow=True)
        with place:
            below = trail if place.name == b"." else [*trail, place.name]
        path = b"/".join([self.name.rstrip(b"/"), *below]) or b"/"
        if len(path) > _LONGEST_PATH:
            raise _too_long()
        return path

    def _parts(self, path: bytes) -> "list[bytes]":
        """The components of a path below the root; a relative path starts at the root."""
        parts = [part for part in path.split(b"/") if part]
        # A dot says that it is a directory; it has a meaning at the end only.
        dot = parts[-1:] == [b"."]
        parts = [part for part in parts if part != b"."]
        if path.startswith(b"/"):
            parts = self._below(parts)
        if sum(map(len, parts)) + len(parts) > _LONGEST_NAMED:
            raise _too_long()
        return [*parts, b"."] if dot and parts else parts

    def _below(self, parts: "list[bytes]") -> "list[bytes]":
        for prefix in self._prefixes:
            if parts[: len(prefix)] == prefix:
                return parts[len(prefix) :]
        raise outside()

    def _fast(self, parts: "list[bytes]") -> "int | None":
        """A descriptor of the directory in one call of the kernel; None: walk."""
        if not self._openat2:
            return None
        path = b"/".join(parts)
        for _ in range(_ATTEMPTS):
            try:
                return syscalls.open_beneath(self.fd, path)
            except OSError as error:
                if error.errno == errno.EXDEV:  # a link leaves the root, or is absolute
                    return None
                if error.errno in _NO_OPENAT2:
                    self._openat2 = False
                    return None
                if error.errno != errno.EAGAIN:
                    raise
        return None

    def _walk(self, parts: "list[bytes]", *, follow: bool) -> "tuple[Place, list[bytes]]":
        """Component by component. Returns the place, and the names of the directories down to it."""
        trail: list[bytes] = []
        todo = parts[::-1]
        links = 0
        at = _Descent(self.fd)
        try:
            while todo:
                name = todo.pop()
                if name == b".":
                    continue
                if name == b"..":
                    if not trail:
                        raise outside()
                    trail.pop()
                    at.again(trail)
                    continue
                if not todo and not follow:
                    return at.place(name), trail
                link = at.link(name) if not todo else at.step(name)
                if link is None:
                    if not todo:
                        return at.place(name), trail
                    trail.append(name)
                    continue
                links += 1
                steps = self._parts(link)
                if links > _LINKS or len(todo) + len(steps) > _LONGEST:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                if link.startswith(b"/"):
                    trail = []
                    at.again(trail)
                todo.extend(reversed(steps))
            return at.place(b"."), trail
        except BaseException:
            at.close()
            raise


class _Descent:
    """The directory that a walk has come to. It never goes up by `..`, which may lead elsewhere after a rename."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._steps = 0
        self.fd = root

    def down(self, name: bytes) -> None:
        self._steps += 1
        if self._steps > _STEPS:
            raise _too_long()
        fd = os.open(name, _STEP, dir_fd=self.fd)
        self.close()
        self.fd = fd

    def step(self, name: bytes) -> "bytes | None":
        """Go down; or stay, and return the text of the link that is there instead."""
        try:
            self.down(name)
        except OSError as error:
            link = self.link(name) if error.errno in _NO_DIRECTORY else None
            if link is None:
                raise
            return link
        return None

    def link(self, name: bytes) -> "bytes | None":
        """The text of a link; None: no link, or nothing there, as whoever opens it will see."""
        try:
            return os.readlink(name, dir_fd=self.fd)
        except OSError:
            return None

    def again(self, trail: "list[bytes]") -> None:
        self.close()
        for name in trail:
            self.down(name)

    def place(self, name: bytes) -> Place:
        return Place(self.fd, name, owned=self.fd != self._root)

    def close(self) -> None:
        if self.fd != self._root:
            os.close(self.fd)
            self.fd = self._root
