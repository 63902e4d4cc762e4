"""Directories removed with all they hold, without following a link that somebody else puts there meanwhile."""

import contextlib
import errno
import os
import secrets
import sys
from collections.abc import Callable, Iterator

if sys.platform == "win32":

    def remove_tree(path: str, *, dir_fd: None = None) -> None:  # noqa: ARG001
        """As on the other platforms, but for what is exchanged meanwhile; no guest writes to these disks."""
        failed: OSError | None = None
        for directory, folders, names in os.walk(path, topdown=False):
            for name in names:
                failed = _removed(os.unlink, os.path.join(directory, name)) or failed
            for name in folders:
                folder = os.path.join(directory, name)
                failed = _removed(os.unlink if os.path.islink(folder) else os.rmdir, folder) or failed
        failed = _removed(os.rmdir, path) or failed
        if failed:
            raise failed

    def _removed(remove: Callable[[str], None], path: str) -> OSError | None:
        try:
            remove(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            return error
        return None

    @contextlib.contextmanager
    def directory_beneath(name: str, directory: None = None) -> Iterator[None]:  # noqa: ARG001
        """There are no descriptors of directories."""
        raise OSError(errno.ENOSYS, "directories have no descriptors", name)
        yield

else:
    #: So many directories one in the other are gone down by calls. What is deeper is moved up first: whoever makes
    #: thousands, as a guest may, uses up neither calls nor descriptors.
    _DEEPEST = 64

    def remove_tree(path: str, *, dir_fd: int | None = None) -> None:
        """Remove a directory with all it holds, also what is write-protected; harmless when it is gone.

        No link is followed, not even one by the name of `path`, however quickly somebody puts it there: a guest may
        have what is removed in a mount. Raises OSError for what cannot be removed, after everything else is gone.
        """
        failed: OSError | None = None
        try:
            with directory_beneath(path, dir_fd) as below:
                failed = _Emptying(below).all(path)
        except FileNotFoundError:
            return
        except OSError as error:
            failed = _about(path, error)
        failed = _without(path, dir_fd, path, failed)
        if failed:
            raise failed

    class _Emptying:
        """Empties one directory, whose descriptor stays the caller's."""

        def __init__(self, top: int) -> None:
            self._top = top
            #: Names in it of what was too deep, and where that was.
            self._moved: list[tuple[str, str]] = []

        def all(self, path: str) -> OSError | None:
            """Remove everything; returns what could not be."""
            failed = self._emptied(self._top, path, 0)
            while self._moved:
                name, where = self._moved.pop()
                failed = self._gone(name, self._top, where, 0) or failed
            return failed

        def _emptied(self, directory: int, path: str, depth: int) -> OSError | None:
            failed: OSError | None = None
            with os.scandir(directory) as found:
                names = [entry.name for entry in found]
            for name in names:
                failed = self._gone(name, directory, os.path.join(path, name), depth) or failed
            return failed

        def _gone(self, name: str, directory: int, path: str, depth: int) -> OSError | None:
            try:
                os.unlink(name, dir_fd=directory)
            except FileNotFoundError:
                return None
            except (IsADirectoryError, PermissionError) as error:  # macOS says the latter of directories
                still = self._removed(name, directory, path, depth + 1)
                return _about(path, error) if still and still.errno == errno.ENOTDIR else still
            except OSError as error:
                return _about(path, error)
            return None

        def _removed(self, name: str, directory: int, path: str, depth: int) -> OSError | None:
            if depth > _DEEPEST and self._move(name, directory, path):
                return None
            failed: OSError | None = None
            if depth <= _DEEPEST:
                try:
                    with directory_beneath(name, directory) as below:
                        failed = self._emptied(below, path, depth)
                except FileNotFoundError:
                    return None
                except OSError as error:
                    failed = _about(path, error)
            return _without(name, directory, path, failed)

        def _move(self, name: str, directory: int, path: str) -> bool:
            """Whether it could be moved to the top, to be removed from there."""
            moved = f".lima-deep-{secrets.token_hex(8)}"
            try:
                os.rename(name, moved, src_dir_fd=directory, dst_dir_fd=self._top)
            except OSError:
                return False
            self._moved.append((moved, path))
            return True

    def _without(name: str, directory: int | None, path: str, failed: OSError | None) -> OSError | None:
        """Remove an emptied directory; what failed at first is what is told."""
        try:
            os.rmdir(name, dir_fd=directory)
        except FileNotFoundError:
            return failed
        except OSError as error:
            return failed or _about(path, error)
        return failed

    def _about(path: str, error: OSError) -> OSError:
        error.filename = path
        return error

    @contextlib.contextmanager
    def directory_beneath(name: str, directory: int | None = None) -> Iterator[int]:
        """A descriptor of a directory, which is no link; raises OSError."""
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        try:
            yield fd
        finally:
            os.close(fd)
