"""Sockets of the host on which forwards listen (spec/runtime.md 8.4)."""

import contextlib
import errno
import ipaddress
import os
import socket
import stat
import sys

from limavm.hostagent.forwarding.opener import ForwardError

#: Connections that the kernel keeps for us while we are busy.
BACKLOG = 1024
#: Below this a port is privileged.
_PRIVILEGED = 1024


def bind_address(address: str, platform: str = sys.platform) -> tuple[str, int, bool]:
    """IP, port, and whether peers that are not on this host must be turned away, of `127.0.0.1:80`.

    macOS lets anybody have a privileged port, but on all addresses only.
    """
    ip, port = _split(address)
    if platform == "darwin" and port < _PRIVILEGED and ipaddress.ip_address(ip).is_loopback:
        return ("::" if ":" in ip else "0.0.0.0"), port, True  # noqa: S104 - peers are looked at
    return ip, port, False


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


def listen_unix(path: str) -> socket.socket:
    """A socket that listens on a path; a socket that was left there is removed, anything else is not.

    Raises ForwardError, also when another process still listens there.
    """
    if sys.platform == "win32":
        raise ForwardError("there are no unix sockets on this host", where=path)
    try:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        _remove_stale(path)
    except OSError as error:
        raise ForwardError(f"failed to listen unix: {_words(error)}", where=path) from error
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.bind(path)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ForwardError(f"failed to listen unix: {_words(error)}", where=path) from error
    return sock


def _remove_stale(path: str) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "a file that is no socket is there")
    if sys.platform != "win32":
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(ConnectionError):
            probe.settimeout(1)
            probe.connect(path)
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


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
        raise ForwardError(f"failed to listen {name}: {address}: {_words(error)}") from error
    return sock


def _split(address: str) -> tuple[str, int]:
    ip, _, port = address.rpartition(":")
    try:
        return str(ipaddress.ip_address(ip.strip("[]"))), int(port)
    except ValueError as error:
        raise ForwardError(f"{address} is no address with a port") from error


def _words(error: OSError) -> str:
    return error.strerror or str(error)
