"""Sockets of the host on which forwards listen (spec/runtime.md 8.4)."""

import ipaddress
import os
import socket
import sys

from limavm.hostagent.forwarding.hostport import host_port_error
from limavm.hostagent.forwarding.opener import ForwardError
from limavm.hostagent.forwarding.portrules.addresses import parsed_place
from limavm.hostagent.forwarding.stalesocket import remove_stale_socket

#: Connections that the kernel keeps for us while we are busy.
BACKLOG = 1024
#: Below this a port is privileged.
_PRIVILEGED = 1024


def bind_address(address: str, platform: str = sys.platform) -> tuple[str, int, bool]:
    """IP, port, and whether peers that are not on this host must be turned away, of `127.0.0.1:80`.

    macOS lets anybody have a privileged port, but on all addresses only.
    """
    place = parsed_place(address)
    if place is None:
        raise ForwardError(f"{address} is no address with a port")
    if platform == "darwin" and place.port < _PRIVILEGED and place.ip.is_loopback:
        return ("::" if place.ip.version == 6 else "0.0.0.0"), place.port, True  # noqa: S104 - peers are looked at
    return str(place.ip), place.port, False


def is_local(peer: object) -> bool:
    """Whether a peer, as `accept` and `recvfrom` tell it, is on this host."""
    if not isinstance(peer, tuple):
        return True  # of a unix socket
    return ipaddress.ip_address(str(peer[0]).partition("%")[0]).is_loopback


def listen_tcp(ip: str, port: int) -> socket.socket:
    """A socket that listens; raises ForwardError when the port is taken, or not for us."""
    return _bound(ip, port, socket.SOCK_STREAM)


def bind_udp(ip: str, port: int) -> socket.socket:
    """A socket that receives; raises ForwardError.

    SO_REUSEADDR would let two programs have the same UDP port.
    """
    return _bound(ip, port, socket.SOCK_DGRAM)


async def listen_unix(path: str) -> socket.socket:
    """A socket that listens on a path; a socket that was left there is removed, anything else is not.

    Raises ForwardError, also when another process still listens there.
    """
    if sys.platform == "win32":
        raise ForwardError("there are no unix sockets on this host", where=path)
    try:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    except OSError as error:
        raise ForwardError(f"failed to listen unix: {_words(error)}", where=path) from error
    await remove_stale_socket(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.bind(path)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ForwardError(f"failed to listen unix: {_words(error)}", where=path) from error
    return sock


def _bound(ip: str, port: int, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    name = "tcp" if kind is socket.SOCK_STREAM else "udp"
    address = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
    try:
        sock = socket.socket(family, kind)
    except OSError as error:
        raise ForwardError(f"failed to listen {name}: {address}: {_words(error)}") from error
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            # The IPv4 address of the same port is another forward.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind is socket.SOCK_STREAM and sys.platform != "win32":  # there it would take the port from others
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((ip, port))
        if kind is socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if place := parsed_place(address):
            raise host_port_error(place, error) from error
        raise ForwardError(f"failed to listen {name}: {address}: {_words(error)}") from error
    return sock


def _words(error: OSError) -> str:
    return error.strerror or str(error)
