"""The directories of the host that a machine shares: whether they can be shared, found out before it starts."""

import os
from collections.abc import Iterable

from limavm.errors import UserError
from limavm.model.machine import Share


def prepare(shares: Iterable[Share], *, create: bool) -> None:
    """Check each directory, and with `create` make those that are missing; raises UserError naming the mount."""
    for index, share in enumerate(shares):
        check(share, f"mounts[{index}].location", create=create)


def check(share: Share, where: str, *, create: bool = False) -> None:
    """Raises UserError with what is wrong with the directory of a share."""
    path = share.location
    hint = None
    try:
        if create:
            os.makedirs(path, mode=0o755, exist_ok=True)
        os.stat(path)
        if os.path.isdir(path):
            if os.access(path, os.R_OK | os.X_OK):
                return
            problem = "may not be read by this user"
        else:
            problem = "is no directory"
    except FileExistsError:
        problem = "is a link to nothing" if os.path.islink(path) else "is no directory"
    except FileNotFoundError:
        problem = "is a link to nothing" if os.path.islink(path) else "does not exist"
        hint = f"make it: mkdir -p {path!r}"
    except OSError as error:
        problem = f"cannot be used: {error.strerror}"
    raise UserError(f"the directory {path!r} cannot be shared: it {problem}", where=where, hint=hint)
