"""Being told when a UDP socket is gone, by a multicast group of NETLINK_SOCK_DIAG.

Every look-up of a name makes and destroys a UDP socket. The kernel itself leaves those out for us (they have a
peer), by a filter of classic BPF on the messages; and the watcher asks only now and then.
"""

import ctypes
import errno
import socket
import struct

from limavm.guestagent.ports import Port

_NETLINK = 16
_SOCK_DIAG = 4
#: SKNLGRP_INET_UDP_DESTROY and SKNLGRP_INET6_UDP_DESTROY, as bits.
_GROUPS = 1 << 1 | 1 << 3
_SO_ATTACH_FILTER = 26
_SO_RCVBUF = 8

#: Within a message: the header of netlink, and then family, state, timer, retransmissions, source port.
_STATE = 17
_PORT = 20
_UNCONNECTED = 7
#: code, jump if true, jump if false, operand: let pass what has no peer and a port.
_FILTER = (
    (0x30, 0, 0, _STATE),  # load byte
    (0x15, 0, 3, _UNCONNECTED),  # equal?
    (0x28, 0, 0, _PORT),  # load two bytes
    (0x15, 1, 0, 0),
    (0x06, 0, 0, 0xFFFF),  # pass
    (0x06, 0, 0, 0),  # drop
)
_NUMBER = struct.Struct(">H")
#: More than so many at once are not read one by one.
_MANY = 64
_ROOM = 32 << 10


class Destroyed:
    """UDP sockets that are gone; the descriptor is readable until they were taken."""

    def __init__(self) -> None:
        """Raises OSError where the kernel does not tell."""
        self._socket = socket.socket(_NETLINK, socket.SOCK_RAW, _SOCK_DIAG)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUF, _ROOM)
            code = b"".join(struct.pack("=HBBI", *line) for line in _FILTER)
            buffer = ctypes.create_string_buffer(code, len(code))
            program = struct.pack("@HP", len(_FILTER), ctypes.addressof(buffer))
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
            self._socket.bind((0, _GROUPS))
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """What to poll."""
        return self._socket.fileno()

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def take(self, known: frozenset[Port]) -> bool:
        """Take what there is; whether one of `known` may be gone."""
        numbers = {port.port for port in known if port.protocol == "udp"}
        concerned = False
        for _ in range(_MANY):
            message = self._next(_PORT + 2)
            if message is None:
                return concerned
            concerned |= len(message) < _PORT + 2 or _NUMBER.unpack_from(message, _PORT)[0] in numbers
        # The rest is not read, as far as there was room for it.
        for _ in range(_ROOM >> 7):
            if self._next(1) is None:
                break
        return True

    def _next(self, size: int) -> bytes | None:
        """The beginning of a message, None where there is no more; empty if some did not fit."""
        try:
            return self._socket.recv(size)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            return b""
