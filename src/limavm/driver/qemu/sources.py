"""The directories of the host that a machine shares: whether they can be shared, found out before it starts."""

import functools
import os
from collections.abc import Callable, Iterable

from limavm.errors import UserError
from limavm.host.aside import Aside
from limavm.model.machine import Share

#: How long a network drive may take to answer, in seconds.
LIMIT = 10.0


async def prepare(shares: Iterable[Share], *, create: bool) -> None:
    """Check each directory, and with `create` make those that are missing; raises UserError naming the mount."""
    for index, share in enumerate(shares):
        where = f"mounts[{index}].location"
        await answered(functools.partial(check, share, where, create=create), share, where)


async def answered(look: Callable[[], None], share: Share, where: str, *, limit: float = LIMIT) -> None:
    """Look at the directory of a share in a thread; raises UserError without an answer, and what `look` raises."""
    try:
        await Aside(f"looks at {share.location}").call(look, limit=limit)
    except TimeoutError as error:
        message = f"the directory {share.location!r} cannot be shared: it does not answer within {limit:g} s"
        raise UserError(message, where=where, hint="is it on a network drive?") from error


def check(share: Share, where: str, *, create: bool = False) -> None:
    """Raises UserError with what is wrong with the directory of a share; may wait for a dead network drive."""
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
