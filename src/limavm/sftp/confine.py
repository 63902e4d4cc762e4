"""What the process gives up before the first byte of a client is read."""

import resource
import sys
import time

assert sys.platform != "win32"

from limavm.sftp import landlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from limavm.sftp.handles import Handles

#: Descriptors beside those of handles: standard ones, the root, and what a request opens for a moment.
_SPARE = 64
#: A directory takes two while it is listed.
_EACH = 2


def limit_resources(handles: "Handles") -> None:
    """No core file with the user's data in it; as many handles as the process has descriptors for."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = handles.most * _EACH + _SPARE
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    except (OSError, ValueError):  # macOS has a lower bound beside that which it tells
        pass
    handles.most = min(handles.most, max((soft - _SPARE) // _EACH, 1))


def confine(root: int, *, read_only: bool) -> bool:
    """Give up all files but those beneath `root`. False: this host has no Landlock that would let it serve."""
    time.tzset()  # reads a file
    abi = _usable(read_only=read_only)
    if abi:
        landlock.restrict(abi, root, landlock.READ if read_only else landlock.WRITE)
    return bool(abi)


def _usable(*, read_only: bool) -> int:
    """The version of Landlock, 0 where there is none or where it would break what clients do."""
    abi = landlock.version()
    # The first version forbids to move a file to another directory.
    return abi if read_only or abi >= landlock.MOVES else 0
