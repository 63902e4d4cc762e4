"""Names that become those of others: renamed, replaced, given a second one.

A rename that must replace nothing is one call where the system has it. Elsewhere the new name is taken first by
something that can be told to fail if there is one already, so nothing that anybody puts there meanwhile is lost: a
link to the file, or, where there are no links, an empty file or directory, which the rename then replaces.
"""

import contextlib
import errno
import os
import stat
import sys

assert sys.platform != "win32"

from limavm.sftp import syscalls
from limavm.sftp.beneath import Place

#: What a file system without hard links says, or one that has no more of them for this file, or a kernel that makes
#: none to files of others (protected_hardlinks).
_NO_LINK = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


def rename(source: Place, target: Place) -> None:
    """Rename in one step; what has the new name is replaced."""
    os.rename(source.name, target.name, src_dir_fd=source.fd, dst_dir_fd=target.fd)


def link(source: Place, target: Place) -> None:
    """Give what is at `source` a second name; a symbolic link is not followed."""
    os.link(source.name, target.name, src_dir_fd=source.fd, dst_dir_fd=target.fd, follow_symlinks=False)


def rename_to_new(source: Place, target: Place, *, at_once: bool = True) -> None:
    """Rename to what is not there yet; raises FileExistsError. `at_once` is False in tests, to show the other ways."""
    if at_once:
        try:
            syscalls.rename_to_new(source.fd, source.name, target.fd, target.name)
        except OSError as error:
            if error.errno not in syscalls.CANNOT:
                raise
        else:
            return
    if stat.S_ISDIR(os.stat(source.name, dir_fd=source.fd, follow_symlinks=False).st_mode):
        _rename_over_own_directory(source, target)
        return
    try:
        link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        rename_over_own_file(source, target)
    else:
        os.unlink(source.name, dir_fd=source.fd)


def _rename_over_own_directory(source: Place, target: Place) -> None:
    """A directory replaces one that is empty, and no other; nobody has a use for ours but us."""
    os.mkdir(target.name, 0o700, dir_fd=target.fd)
    try:
        rename(source, target)
    except OSError:
        with contextlib.suppress(OSError):  # somebody has put something into it
            os.rmdir(target.name, dir_fd=target.fd)
        raise


def rename_over_own_file(source: Place, target: Place) -> None:
    """For files without a second name. Only what replaces our empty file within the blink of an eye would be lost."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    own = os.open(target.name, flags, 0o600, dir_fd=target.fd)
    try:
        rename(source, target)
    except OSError:
        _remove_own(target, os.fstat(own))
        raise
    finally:
        os.close(own)


def _remove_own(target: Place, own: os.stat_result) -> None:
    with contextlib.suppress(OSError):
        found = os.stat(target.name, dir_fd=target.fd, follow_symlinks=False)
        if (found.st_dev, found.st_ino, found.st_size) == (own.st_dev, own.st_ino, 0):
            os.unlink(target.name, dir_fd=target.fd)
