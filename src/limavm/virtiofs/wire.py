"""Messages of vhost-user as they pass a socket: a header of three words, a payload, and file descriptors.

Numbers and layouts: QEMU manual, "Vhost-user Protocol". Integers have the byte order of the host.
"""

import array
import os
import socket
import struct
import sys
from enum import IntEnum
from typing import NamedTuple

assert sys.platform == "linux"

_HEADER = struct.Struct("=III")
_U64 = struct.Struct("=Q")
_PAIR = struct.Struct("=II")
_VERSION = 1
_REPLY = 4
_NEED_REPLY = 8
#: More than any payload that is passed on (a memory table of 8 regions), and the most descriptors that come with one.
_LONGEST = 1 << 16
_MOST_FDS = 16


class Request(IntEnum):
    """What QEMU asks of a back end, as far as it matters here."""

    GET_FEATURES = 1
    SET_FEATURES = 2
    SET_OWNER = 3
    SET_MEM_TABLE = 5
    SET_VRING_NUM = 8
    SET_VRING_ADDR = 9
    SET_VRING_BASE = 10
    GET_VRING_BASE = 11
    SET_VRING_KICK = 12
    SET_VRING_CALL = 13
    SET_VRING_ERR = 14
    GET_PROTOCOL_FEATURES = 15
    SET_PROTOCOL_FEATURES = 16
    GET_QUEUE_NUM = 17
    SET_VRING_ENABLE = 18
    SET_INFLIGHT_FD = 32


#: Those that are answered whatever their flags say.
ASKS = frozenset((Request.GET_FEATURES, Request.GET_PROTOCOL_FEATURES, Request.GET_QUEUE_NUM, Request.GET_VRING_BASE))


class Lost(Exception):  # noqa: N818 - a state of the connection
    """The other side is gone, is too slow, or does not speak vhost-user."""


class Message(NamedTuple):
    """One message; whoever holds it owns the descriptors."""

    request: int
    payload: bytes = b""
    fds: tuple[int, ...] = ()
    need_reply: bool = False

    @property
    def expects_reply(self) -> bool:
        """Whether the other side answers."""
        return self.need_reply or self.request in ASKS

    def number(self) -> int:
        """The payload as one number."""
        return int(_U64.unpack_from(self.payload)[0])

    def pair(self) -> tuple[int, int]:
        """The payload as the index of a ring and a number."""
        index, number = _PAIR.unpack_from(self.payload)
        return index, number


def number(request: int, value: int) -> Message:
    """A message that carries one number."""
    return Message(request, _U64.pack(value))


def pair(request: int, index: int, value: int) -> Message:
    """A message about one ring."""
    return Message(request, _PAIR.pack(index, value))


def send(peer: socket.socket, message: Message, *, reply: bool = False) -> None:
    """Send a message with its descriptors, which stay open here; raises Lost."""
    flags = _VERSION | (_REPLY if reply else _NEED_REPLY if message.need_reply else 0)
    data = _HEADER.pack(message.request, flags, len(message.payload)) + message.payload
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", message.fds))] if message.fds else []
    try:
        sent = peer.sendmsg([data], rights)
        peer.sendall(data[sent:])
    except OSError as error:
        raise Lost(str(error)) from error


def receive(peer: socket.socket) -> Message:
    """The next message; raises Lost at the end of the connection."""
    fds: list[int] = []
    try:
        request, flags, size = _HEADER.unpack(_exactly(peer, _HEADER.size, fds))
        if flags & 3 != _VERSION or size > _LONGEST:
            raise Lost("this is not vhost-user")
        payload = _exactly(peer, size, fds)
    except (OSError, Lost) as error:
        for fd in fds:
            os.close(fd)
        raise Lost(str(error)) from error
    return Message(request, payload, tuple(fds), bool(flags & _NEED_REPLY))


def _exactly(peer: socket.socket, size: int, fds: list[int]) -> bytes:
    data = b""
    while len(data) < size:
        chunk, found, _, _ = socket.recv_fds(peer, size - len(data), _MOST_FDS, socket.MSG_CMSG_CLOEXEC)
        fds += found
        if not chunk:
            raise Lost("the connection has ended")
        data += chunk
    return data
