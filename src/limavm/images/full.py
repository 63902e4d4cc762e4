"""A full file system, told to the user: which one it is, and what makes room."""

import errno
import os

from limavm.errors import UserError
from limavm.host.hints import hint_of


class FullError(UserError):
    """A file system has no room, or the user's quota on it is used up."""


def told_as_full(error: OSError) -> FullError | None:
    """The same error in words that help; None when it is about something else."""
    match error.errno:
        case errno.ENOSPC:
            problem = "is full"
        case errno.EDQUOT:
            problem = "has no room for you: the quota is used up"
        case _:
            return None
    path = os.fsdecode(error.filename) if error.filename else None
    which = f"the file system {_mount_point(path)}" if path else "a file system"
    return FullError(f"{which} {problem}", where=path, hint=hint_of(error.errno))


def _mount_point(path: str) -> str:
    path = os.path.abspath(path)
    while not os.path.ismount(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path
