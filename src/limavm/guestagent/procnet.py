"""What listens, read from /proc/net: for kernels that cannot be asked through NETLINK_SOCK_DIAG.

It costs several times as much, and does not tell whether a socket on `::` takes IPv4 peers too.
"""

import os
import struct
from collections.abc import Iterator

from limavm.guestagent.diagwire import INET, INET6, text
from limavm.guestagent.ports import Port

_WANTED = {"tcp": b"0A", "udp": b"07"}
#: Which files hold a protocol, and the family of what is in each.
_FILES = {"tcp": (("tcp", INET), ("tcp6", INET6)), "udp": (("udp", INET), ("udp6", INET6))}


def listening(protocol: str, *, directory: str = "/proc/self/net") -> Iterator[Port]:
    """The ports of a protocol; without IPv6 there is no file for it. Raises OSError if there is none at all."""
    for name, family in _FILES[protocol]:
        path = f"{directory}/{name}"
        if family == INET or os.path.exists(path):
            with open(path, "rb") as table:
                yield from parse(table, protocol, family)


def parse(lines: Iterator[bytes], protocol: str, family: int) -> Iterator[Port]:
    """The ports in the lines of such a file; lines that make no sense are left out."""
    for line in lines:
        fields = line.split(None, 4)
        if len(fields) < 5 or fields[3] != _WANTED[protocol]:
            continue
        address, _, number = fields[1].partition(b":")
        try:
            port = Port(protocol, text(family, _bytes(address)), int(number, 16))
        except (ValueError, struct.error):
            continue
        if 0 < port.port < 65536:
            yield port


def _bytes(address: bytes) -> bytes:
    """The kernel writes each four bytes as a number of the machine."""
    words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
    return struct.pack(f"={len(words)}I", *words)
