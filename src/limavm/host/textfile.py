"""Files that the user names: read as far as a text of ours may go, and given another content where they are.

A name means what it leads to. So a link stays a link, a pipe or a device is written to, and a file that is
there keeps its mode and its owner. Files that are ours alone are written by `files.write_atomic`.
"""

import os
import stat
import sys

from limavm.errors import NotFoundError, UserError
from limavm.host import files


def read(path: str, limit: int, what: str = "the file") -> bytes:
    """The content of a file of at most `limit` bytes, whole MiB; `what` is how messages call it.

    Raises NotFoundError when there is none, UserError when it cannot be read, or is larger.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"{what} does not exist", where=path) from error
    except (OSError, ValueError) as error:
        raise UserError(f"{what} cannot be read: {_reason(error)}", where=path) from error
    if len(content) > limit:
        raise UserError(f"{what} is larger than {limit >> 20} MiB", where=path)
    return content


def read_if_any(path: str, limit: int, what: str = "the file") -> bytes | None:
    """The content of a file, None when there is none; raises UserError as `read` does."""
    try:
        return read(path, limit, what)
    except NotFoundError:
        return None


def write(path: str, content: bytes, what: str = "the file") -> None:
    """Give a file this content, at once and as a whole; a new one gets the mode that the umask leaves.

    Raises UserError when it cannot be written: it is as it was then, unless it is a pipe or a device.
    """
    try:
        before = _status(path)
        if before is None or stat.S_ISREG(before.st_mode):
            _replace(os.path.realpath(path), content, before)
        else:
            with open(path, "wb") as file:
                file.write(content)
    except (OSError, ValueError) as error:
        raise UserError(f"{what} cannot be written: {_reason(error)}", where=path) from error


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _replace(path: str, content: bytes, before: os.stat_result | None) -> None:
    with files.replacing(path, stat.S_IMODE(before.st_mode) if before else None) as partial:
        # Until it is complete nobody else needs to read what is to replace a private file.
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if before else 0o666)
        with open(descriptor, "wb") as file:
            file.write(content)
        if before and sys.platform != "win32" and os.geteuid() == 0:
            os.chown(partial, before.st_uid, before.st_gid)


def _reason(error: OSError | ValueError) -> object:
    """What the system says of it; for a NUL in a name it is Python that does."""
    return getattr(error, "strerror", None) or error
