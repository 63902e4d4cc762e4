"""Whether a port of the host can be listened on, asked of the kernel; and what a user can do when it cannot.

Who listens in the end, QEMU or ssh, does not tell why it could not. So the address is bound for a moment,
with the options that they use. In between somebody else may take it: then they fail, and we ask again.
"""

import contextlib
import errno
import os
import socket
import sys

from limavm.hostagent.forwarding.opener import ForwardError
from limavm.hostagent.forwarding.portrules.addresses import Place, parsed_place

_PRIVILEGED = 1024
_REFUSED = frozenset({errno.EACCES, errno.EPERM})
_CHOOSE = "choose another port with `hostPort:` in a rule of `portForwards`"


def check_host_port(protocol: str, host: str) -> None:
    """Raise ForwardError, whose cause is the OSError, if nobody could listen on `host` now.

    Harmless for what is no port.
    """
    place = parsed_place(host)
    if place is None:
        return
    try:
        _bind(protocol, place)
    except OSError as error:
        raise host_port_error(place, error) from error


def host_port_error(place: Place, error: OSError) -> ForwardError:
    """What to tell a user whose host does not let us listen."""
    if error.errno == errno.EADDRINUSE:
        return ForwardError("the host's port is in use", where=str(place), hint=f"end who holds it, or {_CHOOSE}")
    if error.errno in _REFUSED and place.port < _PRIVILEGED:
        hint = f"{_CHOOSE} that is {_PRIVILEGED} or more"
        if sys.platform == "linux":
            hint += f", or allow it: `sudo sysctl -w net.ipv4.ip_unprivileged_port_start={place.port}`"
        return ForwardError("an ordinary user may not listen on the host's port", where=str(place), hint=hint)
    if error.errno == errno.EADDRNOTAVAIL:
        hint = "choose an address of this host with `hostIP:` in the rule of `portForwards`"
        return ForwardError("the host has no such address", where=str(place), hint=hint)
    return ForwardError(f"the host's port cannot be opened: {error.strerror or error}", where=str(place))


def errno_of(error: BaseException) -> int | None:
    """The errno of the OSError that an error was raised from, if there is one."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            return cause.errno
        cause = cause.__cause__
    return None


def is_taken(error: BaseException) -> bool:
    """Whether somebody else listens there."""
    return errno_of(error) == errno.EADDRINUSE


def _bind(protocol: str, place: Place) -> None:
    family = socket.AF_INET6 if place.ip.version == 6 else socket.AF_INET
    if protocol == "udp":
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            _bind_one(probe, place)
        return
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":  # elsewhere it means that the port may be taken away from its owner
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind_one(probe, place)


def _bind_one(probe: socket.socket, place: Place) -> None:
    if place.ip.version == 6:
        with contextlib.suppress(OSError):
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    probe.bind((str(place.ip), place.port))
