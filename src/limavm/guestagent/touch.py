"""Makes the guest's kernel tell programs that watch files in mounts of one file that was changed on the host.

The kernel tells of what goes through itself, so something has to be done to the file that changes nothing. It says
"modified" (IN_MODIFY) when data are written, when the size is set and when the time of modification alone is set, and
of nothing else; and "attributes" (IN_ATTRIB) also for both times, mode, owner and extended attributes. Whoever sets
what he has read just before undoes what a program has set in between. That cannot happen with these two:

- Our own SFTP server takes times of all ones, which is -1, for "as they are" (`limavm.sftp.attributes`): nothing is
  done on the host, whatever becomes of the file meanwhile, whoever it belongs to, and the answer says what it has.
- An extended attribute that nobody else has is set and taken away again. It is IN_ATTRIB, which is all that there is
  to say of a directory.

What is left are regular files on other file systems (virtiofs): their time is asked for from the host and set to
that, one right after the other. Nobody can forbid others to set it between the two.

File systems that remember what the host said before ask it again after this. No file is made or removed here, none is
opened for writing, and no link is followed: over SFTP, the times of a link are those of what it leads to. So a link,
as a file that has come or gone, is told by the directory that it is in. Where nothing can be written, opening and
closing is all that can be done.
"""

import contextlib
import errno
import logging
import os
import stat
import sys

from limavm.guestagent.filetimes import SECOND, Seen, is_fuse, is_served_by_us, look_again, seen, set_mtime

log = logging.getLogger(__name__)

_READ_ONLY = (errno.EROFS, errno.EPERM, errno.EACCES)
#: In whole seconds and 32 bits, as SFTP has them, this is all ones.
_AS_IT_IS = -SECOND
#: How our time looks on a server that takes it for one.
_TAKEN = (_AS_IT_IS, ((1 << 32) - 1) * SECOND)
_ATTRIBUTE = "user.limavm.told"


def signal(path: str, when: int, *, own_device: "int | None" = None, over_sftp: "bool | None" = None) -> None:
    """Have the change of a file noticed, whose time on the host is `when`, in nanoseconds; raises OSError.

    Nothing is done to what is on the guest's own file system: then the mount is not there. `over_sftp` says whether
    our server is at the other end; None: look.
    """
    try:
        _signal(path, when, os.stat("/").st_dev if own_device is None else own_device, over_sftp)
    except (FileNotFoundError, NotADirectoryError):
        log.debug("inotify: %r does not exist", path[:200])


def _signal(path: str, when: int, own_device: int, over_sftp: "bool | None") -> None:
    status = os.lstat(path)
    if status.st_dev == own_device:
        log.debug("inotify: %r is not in a mount", path[:200])
        return
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return
    is_opened = stat.S_ISREG(status.st_mode) and not _is_same(status.st_mtime_ns, when)
    if is_opened:
        # sshfs asks the host then, and forgets a file that has gone.
        with contextlib.suppress(PermissionError):
            _open_and_close(path)
    if over_sftp is None:
        over_sftp = is_served_by_us(status.st_dev)
    try:
        if over_sftp:
            _set_nothing(path, seen(status))
        else:
            _set_what_there_is(path, seen(status), when)
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise
        if not is_opened:
            _open_and_close(path)


def _set_nothing(path: str, before: Seen) -> None:
    """Ask our server to leave the times as they are."""
    if stat.S_ISREG(before.mode):
        set_mtime(path, _AS_IT_IS)  # says IN_MODIFY
    os.utime(path, ns=(_AS_IT_IS, _AS_IT_IS), follow_symlinks=False)  # says IN_ATTRIB
    if os.lstat(path).st_mtime_ns in _TAKEN:  # a server from before this rule
        os.utime(path, ns=(before.atime, before.mtime), follow_symlinks=False)


def _set_what_there_is(path: str, before: Seen, when: int) -> None:
    if stat.S_ISREG(before.mode):
        set_mtime(path, _present(path, before, when).mtime)  # says IN_MODIFY
    if not _attribute_comes_and_goes(path):
        now = _present(path, before, when)
        os.utime(path, ns=(now.atime, now.mtime), follow_symlinks=False)  # says IN_ATTRIB


def _present(path: str, before: Seen, when: int) -> Seen:
    """The file with the time that it has on the host now, not the one that the kernel remembers.

    Where the kernel does not ask the host, a file that has changed since it was told has a later ctime; otherwise the
    later of both times is nearer to what it has.
    """
    now = look_again(path)
    if now is None or not (is_fuse(path) or now.ctime >= when):
        now = before._replace(mtime=max((now or before).mtime, when))
    if now.mtime < 0:  # before 1970: not every file system can say that
        raise OSError(errno.EPERM, "a time that cannot be set")
    return now


def _attribute_comes_and_goes(path: str) -> bool:
    """Whether there can be one: not every file system has them, nor may everybody set them."""
    if sys.platform != "linux":
        return False
    try:
        os.setxattr(path, _ATTRIBUTE, b"", follow_symlinks=False)
    except OSError:
        return False
    with contextlib.suppress(OSError):  # one that stays does no harm, and goes the next time
        os.removexattr(path, _ATTRIBUTE, follow_symlinks=False)
    return True


def _is_same(mtime: int, when: int) -> bool:
    """Whether these are one time, also where SFTP has cut it off to whole seconds."""
    return mtime in (when, when // SECOND * SECOND)


def _open_and_close(path: str) -> None:
    if sys.platform == "win32":
        return
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(path, flags))
