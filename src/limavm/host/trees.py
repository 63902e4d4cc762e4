"""Directories removed with all they hold, without following a link that somebody else puts there meanwhile."""

import contextlib
import errno
import os
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

    def remove_tree(path: str, *, dir_fd: int | None = None) -> None:
        """Remove a directory with all it holds, also what is write-protected; harmless when it is gone.

        No link is followed, not even one by the name of `path`, however quickly somebody puts it there: a guest may
        have what is removed in a mount. Raises OSError for what cannot be removed, after everything else is gone.
        """
        failed = _removed(path, dir_fd, path)
        if failed:
            raise failed

    def _removed(name: str, directory: int | None, path: str) -> OSError | None:
        failed: OSError | None = None
        try:
            with directory_beneath(name, directory) as below:
                failed = _emptied(below, path)
        except FileNotFoundError:
            return None
        except OSError as error:
            failed = _about(path, error)
        try:
            os.rmdir(name, dir_fd=directory)
        except FileNotFoundError:
            return failed
        except OSError as error:
            return failed or _about(path, error)
        return failed

    def _emptied(directory: int, path: str) -> OSError | None:
        failed: OSError | None = None
        with os.scandir(directory) as found:
            names = [entry.name for entry in found]
        for name in names:
            try:
                os.unlink(name, dir_fd=directory)
            except FileNotFoundError:
                continue
            except (IsADirectoryError, PermissionError) as error:  # macOS says the latter of directories
                still = _removed(name, directory, os.path.join(path, name))
                if still:
                    failed = _about(os.path.join(path, name), error) if still.errno == errno.ENOTDIR else still
            except OSError as error:
                failed = _about(os.path.join(path, name), error)
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
