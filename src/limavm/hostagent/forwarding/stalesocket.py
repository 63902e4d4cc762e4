"""Unix sockets that were left on the host: whoever listens on a path finds them in the way."""

import asyncio
import contextlib
import os
import socket
import stat
import sys

from limavm.hostagent.forwarding.opener import ForwardError

#: Seconds in which whoever listens on a socket must take a connection.
_ACCEPT_LIMIT = 1.0


async def remove_stale_socket(path: str) -> None:
    """Remove a socket on which nobody listens; raises ForwardError for what is none, and for one in use."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise ForwardError(f"the socket cannot be looked at: {error.strerror or error}", where=path) from error
    if not stat.S_ISSOCK(mode):
        raise ForwardError("there is a file that is no socket", where=path, hint="remove it, or choose another path")
    if await asyncio.to_thread(_is_answered, path):
        raise ForwardError("somebody else listens on the socket", where=path, hint="choose another `hostSocket:`")
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    except OSError as error:
        raise ForwardError(f"the socket cannot be removed: {error.strerror or error}", where=path) from error


def _is_answered(path: str) -> bool:
    if sys.platform == "win32":  # Python has no unix sockets there
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_ACCEPT_LIMIT)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # it takes its time, or will not have us
            return True
        return True
