"""The directory of the host behind a mount: made if it is missing, and watched from then on.

Everything here may wait for a dead network drive, so it is called in a thread.
"""

import errno
import os
import stat

from limavm.errors import UserError

#: How long a network drive may take to answer, in seconds.
LIMIT = 10.0

#: What tells one directory from another that has taken its name.
Identity = tuple[int, int]

_REASONS = {
    errno.ELOOP: "it is a loop of symbolic links",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ENOTDIR: "what is above it is no directory",
    errno.EACCES: "our permissions do not let us look at it",
    errno.EROFS: "it does not exist, and cannot be made on a read-only file system",
    errno.ENOSPC: "it does not exist, and cannot be made because the disk is full",
}


class SourceError(UserError):
    """A directory that cannot be mounted (now)."""


def prepared(location: str, *, make: bool = True) -> Identity:
    """The identity of a directory that can be read; with `make` one that is missing is made (0755).

    Raises SourceError with a reason that names the directory.
    """
    try:
        return _directory(location, make=make)
    except ValueError as error:
        raise SourceError(f"{location!r} cannot be mounted: {error}") from error
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise SourceError(f"{location} cannot be mounted: {reason}") from error


def _directory(location: str, *, make: bool) -> Identity:
    try:
        found = os.stat(location)
    except FileNotFoundError as error:
        if os.path.islink(location):
            raise SourceError(f"{location} cannot be mounted: it is a symbolic link to nothing") from error
        if not make:
            raise SourceError(f"{location} does not exist any more") from error
        found = _made(location)
    if not stat.S_ISDIR(found.st_mode):
        raise SourceError(f"{location} cannot be mounted: it is no directory")
    if not os.access(location, os.R_OK | os.X_OK):
        raise SourceError(f"{location} cannot be mounted: its permissions do not let us read it")
    return found.st_dev, found.st_ino


def _made(location: str) -> os.stat_result:
    try:
        os.makedirs(location, 0o755, exist_ok=True)
    except PermissionError as error:
        raise SourceError(
            f"{location} cannot be mounted: it does not exist, and our permissions do not let us make it"
        ) from error
    return os.stat(location)


def identity(location: str) -> Identity | None:
    """Which directory has that name now; None when none has."""
    try:
        found = os.stat(location)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None
