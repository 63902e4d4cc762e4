"""The bytes of NETLINK_SOCK_DIAG: requests for all sockets of a kind, and what the answers say.

Pure: nothing is opened here. Layouts are those of linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h; numbers
are in the byte order of the machine, but for ports and addresses.
"""

import errno
import socket
import struct
from typing import NamedTuple

from limavm.guestagent.ports import Port

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, sender
#: family, protocol, extensions, states, and an id that matches all.
_REQUEST = struct.Struct("=BBBxI48x")
#: struct nlmsghdr and struct inet_diag_msg: length, type, family, state, source port and address.
_ENTRY = struct.Struct("=IH10xBB2xBB2x16s48x")
_ATTRIBUTE = struct.Struct("=HH")

_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_DUMP_INTERRUPTED = 0x10
_ERROR = 2
_DONE = 3
_SKV6ONLY = 11

_LISTEN = 10
_UNCONNECTED = 7
_PROTOCOLS = {"tcp": (socket.IPPROTO_TCP, _LISTEN), "udp": (socket.IPPROTO_UDP, _UNCONNECTED)}

#: Linux's numbers: this is tested on other systems too.
INET = 2
INET6 = 10
_UNSPECIFIED = bytes(16)
_MAPPED = bytes(10) + b"\xff\xff"


class Chunk(NamedTuple):
    """What one read of an answer holds; `end`: nothing follows; `error`: an errno, and nothing else counts."""

    ports: tuple[Port, ...] = ()
    end: bool = False
    error: int = 0


def request(protocol: str, family: int) -> bytes:
    """The request for the sockets of a family that wait: TCP that listens, UDP without a peer."""
    number, state = _PROTOCOLS[protocol]
    length = _HEADER.size + _REQUEST.size
    return _HEADER.pack(length, _BY_FAMILY, _REQUEST_DUMP, 1, 0) + _REQUEST.pack(family, number, 0, 1 << state)


def parse(data: bytes | bytearray | memoryview, protocol: str) -> Chunk:
    """The ports of one read; it never raises.

    An answer that the kernel calls inconsistent is EAGAIN, one that makes no sense is EBADMSG.
    """
    found: list[Port] = []
    wanted = _PROTOCOLS[protocol][1]
    position, end = 0, len(data)
    while position + _HEADER.size <= end:
        length, kind, flags, _, _ = _HEADER.unpack_from(data, position)
        if length < _HEADER.size or position + length > end:
            return Chunk(error=errno.EBADMSG)
        if flags & _DUMP_INTERRUPTED:
            return Chunk(error=errno.EAGAIN)
        if kind in (_ERROR, _DONE):
            error = _status(data[position + _HEADER.size : position + length])
            return Chunk(error=error) if error or kind == _ERROR else Chunk(tuple(found), end=True)
        if kind == _BY_FAMILY and length >= _ENTRY.size:
            _, _, family, state, high, low, address = _ENTRY.unpack_from(data, position)
            number = high << 8 | low
            if state == wanted and number and family in (INET, INET6):
                v6only = (
                    family == INET6
                    and address == _UNSPECIFIED
                    and _v6only(data, position + _ENTRY.size, position + length)
                )
                found.append(Port(protocol, text(family, address), number, v6only))
        position += (length + 3) & ~3
    return Chunk(tuple(found)) if position >= end else Chunk(error=errno.EBADMSG)


def _status(payload: bytes | bytearray | memoryview) -> int:
    """The errno at the end of an answer, which the kernel writes as a negative number."""
    if len(payload) < 4:
        return 0
    return abs(int(struct.unpack_from("=i", payload)[0]))


def _v6only(data: bytes | bytearray | memoryview, position: int, end: int) -> bool:
    while position + _ATTRIBUTE.size < end:
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        if length < _ATTRIBUTE.size:
            return False
        if kind == _SKV6ONLY:
            return data[position + _ATTRIBUTE.size] != 0
        position += (length + 3) & ~3
    return False


_texts: dict[tuple[int, bytes], str] = {}
_MAX_TEXTS = 1024


def text(family: int, address: bytes) -> str:
    """An address as people write it; IPv4 in the clothes of IPv6 is IPv4. `address` is 4 (padded) or 16 bytes."""
    known = _texts.get((family, address))
    if known is not None:
        return known
    if family == INET:
        result = socket.inet_ntop(socket.AF_INET, address[:4])
    elif address.startswith(_MAPPED):
        result = socket.inet_ntop(socket.AF_INET, address[12:])
    else:
        result = socket.inet_ntop(socket.AF_INET6, address)
    if len(_texts) >= _MAX_TEXTS:
        _texts.clear()
    _texts[family, address] = result
    return result
