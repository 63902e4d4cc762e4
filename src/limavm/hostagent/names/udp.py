"""Questions by UDP: a datagram each, and an answer that is cut to what the client takes (RFC 1035, 4.2.1)."""

import asyncio
from typing import cast

from limavm.hostagent.names.desk import Desk
from limavm.hostagent.names.message import fitted


async def open_udp(desk: Desk, address: str, port: int) -> "Datagrams":
    """Bind a socket for questions; raises OSError."""
    _, endpoint = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Datagrams(desk), local_addr=(address, port)
    )
    return endpoint


class Datagrams(asyncio.DatagramProtocol):
    """The socket; `lost` is set when it was closed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._full = False
        self.lost = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        # In Python 3.11 the transport of a datagram socket is no instance of its own interface.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take a question."""
        self._desk.take(data, lambda query, answer: self._send(fitted(answer, query.udp_size), addr))

    def _send(self, answer: bytes, addr: tuple[str, int]) -> None:
        # What the kernel does not take at once asyncio keeps; a client asks again for what is dropped.
        if self._transport and not self._full and not self.lost.is_set():
            self._transport.sendto(answer, addr)

    def pause_writing(self) -> None:
        """Answers are dropped."""
        self._full = True

    def resume_writing(self) -> None:
        """Answers are sent again."""
        self._full = False

    def error_received(self, exc: Exception) -> None:
        """A client has gone, which is nothing to us."""

    def connection_lost(self, _exc: Exception | None) -> None:
        """It is closed."""
        self.lost.set()

    def close(self) -> None:
        """Serve no more."""
        if self._transport:
            self._transport.close()
