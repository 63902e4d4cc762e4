"""Addresses that a tunnel may lead to: an IP address and a port, never a name, so that nothing is looked up."""

import socket

#: The address family, and what `connect` takes.
Target = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]


def parse_target(text: str) -> Target:
    """`IP:PORT`, `[IPv6]:PORT`; raises ValueError when it is anything else."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or len(port) > 5 or not 0 < int(port) < 65536:
        raise ValueError(f"{text[:80]!r} does not end with a port")
    bracketed = host.startswith("[") and host.endswith("]")
    family = socket.AF_INET6 if bracketed else socket.AF_INET
    host = host[1:-1] if bracketed else host
    try:
        packed = socket.inet_pton(family, host)
    except (OSError, ValueError):
        raise ValueError(f"{text[:80]!r} is no IP address with a port") from None
    host = socket.inet_ntop(family, packed)
    return (family, (host, int(port), 0, 0)) if bracketed else (family, (host, int(port)))
