"""What a user can do about an error of the host's system: a full disk, another owner, a limit."""

import errno
import sys

if sys.platform != "win32":
    import resource

_ROOM = (
    "make room and run the command again: what was complete is kept; `limactl disk-usage` tells what is large, "
    "`limactl prune` empties the cache, and LIMA_HOME may be a directory of a larger file system"
)
_OWNER = "`ls -ld` shows whose it is and who may write there; LIMA_HOME has to be your own"
_HINTS = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: "its file system is mounted read-only; LIMA_HOME and the cache need one that can be written to",
    errno.EACCES: _OWNER,
    errno.EPERM: _OWNER,
}


def hint_of(number: int | None) -> str | None:
    """What to do about an error with this number (errno), None when there is nothing to be said."""
    if number == errno.EFBIG:
        return _limited() or "the file system takes no file of that size"
    return _HINTS.get(number) if number is not None else None


if sys.platform == "win32":

    def _limited() -> str | None:
        """There is no such limit."""
        return None

else:

    def _limited() -> str | None:
        """The hint about the limit of this process, when it has one."""
        soft, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        if soft == resource.RLIM_INFINITY:
            return None
        return f"no process here may write files of more than {soft} bytes: see `ulimit -f`"
