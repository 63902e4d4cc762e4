"""Single steps of a write-back, in directories that are held open: links on the way are never followed."""

import contextlib
import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator

from limavm.instance.sync.manifest import MODE

#: File systems without hard links say one of these.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_IN_THE_WAY = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
# Windows has neither, nor directories to be walked by descriptors: `--sync` is refused there.
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_DIRECTORY: int = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_SPECIAL_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX


class ChangedError(Exception):
    """What is on the host is not what it was when the change was decided."""


def opened(path: str) -> int:
    """A descriptor of a directory, which the caller closes."""
    return os.open(path, _DIRECTORY)


@contextlib.contextmanager
def entered(root: int, folder: str) -> Iterator[int]:
    """A directory below `root`, open; raises ChangedError where something else is in the way."""
    here = os.dup(root)
    try:
        for part in folder.split("/") if folder else ():
            below = _entered(here, part)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def _entered(here: int, part: str) -> int:
    try:
        return os.open(part, _DIRECTORY | _NOFOLLOW, dir_fd=here)
    except OSError as error:
        if error.errno in _IN_THE_WAY:
            raise ChangedError from error
        raise


def move(source: str, staged: int, name: str, there: int, *, replace: bool) -> None:
    """Move a file or link into place in one step; without `replace` raises ChangedError if there is one already."""
    try:
        _moved(source, staged, name, there, replace=replace)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with _copied(source, staged, there) as near:
            _moved(near, there, name, there, replace=replace)


def _moved(source: str, staged: int, name: str, there: int, *, replace: bool) -> None:
    if replace:
        os.replace(source, name, src_dir_fd=staged, dst_dir_fd=there)
        return
    try:
        os.link(source, name, src_dir_fd=staged, dst_dir_fd=there, follow_symlinks=False)
    except FileExistsError as error:
        raise ChangedError from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if exists(name, there):
            raise ChangedError from error
        os.replace(source, name, src_dir_fd=staged, dst_dir_fd=there)
    else:
        os.unlink(source, dir_fd=staged)


def _near() -> str:
    """A name beside those of the user's, for what is not complete."""
    return f".lima-sync-{os.getpid()}.tmp"


@contextlib.contextmanager
def _copied(source: str, staged: int, there: int) -> Iterator[str]:
    """The file again on the other file system, which is mounted inside of the directory."""
    near = _near()
    status = os.stat(source, dir_fd=staged, follow_symlinks=False)
    try:
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(source, dir_fd=staged), near, dir_fd=there)
        else:
            reading = os.open(source, os.O_RDONLY | _NOFOLLOW, dir_fd=staged)
            with open(reading, "rb") as reader:
                writing = os.open(near, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600, dir_fd=there)
                with open(writing, "wb") as writer:
                    shutil.copyfileobj(reader, writer, 1 << 20)
                    writer.flush()
                    os.chmod(near, stat.S_IMODE(status.st_mode), dir_fd=there)
                    os.utime(writing, ns=(status.st_mtime_ns, status.st_mtime_ns))
                    os.fsync(writing)
        yield near
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(near, dir_fd=there)


def give(source: str, staged: int, mode: int, there: int, replaced: str | None) -> None:
    """Give a fetched file its mode, and the owner and group that it will have beside or instead of others."""
    if sys.platform == "win32":
        return
    group, owner = -1, -1
    around = os.fstat(there)
    if replaced is not None:
        before = os.stat(replaced, dir_fd=there, follow_symlinks=False)
        group, owner = before.st_gid, before.st_uid if os.geteuid() == 0 else -1
    elif around.st_mode & stat.S_ISGID:
        group = around.st_gid
    with contextlib.suppress(PermissionError):
        os.chown(source, owner, group, dir_fd=staged, follow_symlinks=False)
    os.chmod(source, mode, dir_fd=staged)


def change_mode(name: str, there: int, mode: int) -> None:
    """Set the permissions of a file or directory, and leave the setuid, setgid and sticky bits that it has."""
    status = os.stat(name, dir_fd=there, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(name, mode & MODE | status.st_mode & _SPECIAL_BITS, dir_fd=there)


def make_directory(name: str, there: int, *, replace: bool) -> None:
    """Make a directory for us alone; `replace`: in the place of a file or link, which stays when there is no room."""
    made = _near() if replace else name
    os.mkdir(made, 0o700, dir_fd=there)
    if replace:
        os.unlink(name, dir_fd=there)
        os.rename(made, name, src_dir_fd=there, dst_dir_fd=there)


def remove_directory(name: str, there: int) -> bool:
    """Whether the directory could be removed: it is not while it holds something."""
    try:
        os.rmdir(name, dir_fd=there)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def exists(name: str, there: int) -> bool:
    """Whether anything has that name."""
    try:
        os.stat(name, dir_fd=there, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
