"""Ports and sockets of the host."""

import socket

from limavm.errors import UserError

_TRIES = 100


def free_tcp_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on right now; whoever binds it must cope with a race."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_port() -> int:
    """A port of 127.0.0.1 that is free right now for TCP and for UDP."""
    for _ in range(_TRIES):
        port = free_tcp_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise UserError(f"no port of 127.0.0.1 is free for both TCP and UDP (tried {_TRIES})")


def tcp_port_is_free(port: int) -> bool:
    """Whether 127.0.0.1:`port` can be bound right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True
