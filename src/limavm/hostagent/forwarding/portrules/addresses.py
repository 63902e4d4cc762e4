"""Addresses of ports as texts (`127.0.0.1:80`, `[::1]:80`, `/path/of/a.sock`), and the IP addresses in them."""

import functools
import ipaddress
from typing import NamedTuple

IP = ipaddress.IPv4Address | ipaddress.IPv6Address

LOOPBACK_4 = ipaddress.IPv4Address("127.0.0.1")
LOOPBACK_6 = ipaddress.IPv6Address("::1")

# Addresses come from the guest: none is longer than this, and no more of them are kept.
_LONGEST = 64
_KEPT = 1024


class Place(NamedTuple):
    """A port at an address."""

    ip: IP
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if self.ip.version == 6 else f"{self.ip}:{self.port}"


@functools.lru_cache(maxsize=_KEPT)
def parsed_ip(text: str) -> IP | None:
    """The address, an IPv4 one also where IPv6 contains it; None for a text that is none, or that names a zone."""
    if len(text) > _LONGEST or "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def parsed_place(text: str) -> Place | None:
    """The inverse of `str(Place)`; None for what is no such text, as the path of a socket."""
    host, _, port = text.rpartition(":")
    address = parsed_ip(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
    return Place(address, int(port)) if address and port.isascii() and port.isdigit() else None
