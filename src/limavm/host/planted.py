"""Files of the host below directories into which a guest can write: a link that it plants there leads nowhere.

A path is followed as usual until it enters such a directory; from there on every component must be what it
says (directory descriptors and O_NOFOLLOW, see open(2)), however quickly it is exchanged.
"""

import contextlib
import errno
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from limavm.host.files import replacing

#: Symbolic links that are followed on the way, as many as the kernel does.
_LINKS = 40

if sys.platform == "win32":  # which has neither descriptors of directories nor guests that write to its disks

    @contextlib.contextmanager
    def replacing_safely(path: str, _distrusted: Sequence[str], mode: int = 0o600) -> Iterator[BinaryIO]:
        """As on the other platforms."""
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with replacing(path, mode) as partial, open(partial, "wb") as file:
            yield file

    def remove_safely(path: str, _distrusted: Sequence[str]) -> bool:
        """As on the other platforms."""
        try:
            os.unlink(path)
        except FileNotFoundError:
            return False
        return True

else:
    #: Where there is O_PATH, a directory that we may only pass through can be passed through.
    _DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    _NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

    @contextlib.contextmanager
    def replacing_safely(path: str, distrusted: Sequence[str], mode: int = 0o600) -> Iterator[BinaryIO]:
        """A file to write to, which takes the place of `path` on success and goes on an error.

        Missing directories are made, for the user alone. A link at `path` itself is replaced and not followed.
        Raises OSError, with ELOOP when there is a link on the way in a directory of `distrusted`.
        """
        with _parent(path, distrusted, make=True) as (folder, name):
            # One name for each file, so that what a killed process has left goes with the next copy.
            partial = f".lima-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}.tmp"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=folder)
            descriptor = os.open(partial, _NEW, mode, dir_fd=folder)
            try:
                with open(descriptor, "wb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(partial, dir_fd=folder)
                raise

    def remove_safely(path: str, distrusted: Sequence[str]) -> bool:
        """Remove the file or link `path`, not what it leads to; whether there was one. Raises OSError, as above."""
        try:
            with _parent(path, distrusted, make=False) as (folder, name):
                os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            return False
        return True

    @contextlib.contextmanager
    def _parent(path: str, distrusted: Sequence[str], *, make: bool) -> Iterator[tuple[int, str]]:
        """A descriptor of the directory of `path`, which holds while the context lasts, and the name of the file."""
        folder, name = os.path.split(os.path.normpath(path))
        walk = _Walk([os.path.realpath(place) for place in distrusted], make=make)
        try:
            walk.to(folder)
            yield walk.descriptor, name
        except OSError as error:
            # Errors of the system know names only from the directory on, and full disks none at all.
            error.filename, error.filename2 = path, None
            raise
        finally:
            walk.close()

    class _Walk:
        """Goes from directory to directory; `descriptor` is where it is."""

        def __init__(self, distrusted: Sequence[str], *, make: bool) -> None:
            self._distrusted = distrusted
            self._make = make
            self._links = 0
            self.descriptor = os.open("/", _DIRECTORY)
            #: Where that is, free of links.
            self._here = "/"

        def close(self) -> None:
            """Let the descriptor go."""
            os.close(self.descriptor)

        def to(self, folder: str) -> None:
            """Go to an absolute path."""
            pending = folder.split("/")[::-1]
            while pending:
                name = pending.pop()
                if name not in ("", "."):
                    pending += self._step(name)

        def _step(self, name: str) -> list[str]:
            """Enter a directory; for a link, what has to be gone instead, the last component first."""
            try:
                self._enter(self._opened(name), os.path.join(self._here, name))
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR) or not (link := self._link(name)):
                    raise
                self._links += 1
                if self._links > _LINKS or self._is_distrusted():
                    raise OSError(errno.ELOOP, f"a symbolic link in {self._here}, {name}, is not followed") from error
                if link.startswith("/"):
                    self._enter(os.open("/", _DIRECTORY), "/")
                return link.split("/")[::-1]
            return []

        def _opened(self, name: str) -> int:
            try:
                return os.open(name, _DIRECTORY, dir_fd=self.descriptor)
            except FileNotFoundError:
                if not self._make:
                    raise
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=self.descriptor)
            return os.open(name, _DIRECTORY, dir_fd=self.descriptor)

        def _enter(self, descriptor: int, path: str) -> None:
            os.close(self.descriptor)
            self.descriptor, self._here = descriptor, os.path.normpath(path)

        def _link(self, name: str) -> str:
            """Where a link leads; empty for what is none."""
            try:
                return os.readlink(name, dir_fd=self.descriptor)
            except OSError:
                return ""

        def _is_distrusted(self) -> bool:
            return any(f"{self._here}/".startswith(f"{place.rstrip('/')}/") for place in self._distrusted)
