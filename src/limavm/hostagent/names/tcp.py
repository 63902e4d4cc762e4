"""Questions by TCP: any number on a connection, each with its length in front (RFC 1035, 4.2.2; RFC 7766).

So many connections, and so many questions at once on each of them: a guest that wants more waits, or is let go.
"""

import asyncio

from limavm.hostagent.names.desk import LONGEST_QUESTION, Desk
from limavm.hostagent.names.message import Query, fitted

MOST_CONNECTIONS = 64
#: Questions at once on one connection; it is not read any further until one is answered.
_MOST_PIPELINED = 16
#: Seconds after which a connection is closed on which nothing is asked.
_IDLE = 10.0
_LONGEST = 65535
#: Bytes of answers that a client may leave unread.
_UNSENT = 4 * _LONGEST


async def open_tcp(desk: Desk, address: str, port: int) -> "Connections":
    """Listen for clients; raises OSError."""
    connections = Connections()
    loop = asyncio.get_running_loop()
    connections.server = await loop.create_server(lambda: _Connection(connections, desk), address, port)
    return connections


class Connections:
    """The TCP socket, and who has come through it: when there are too many, the one that was quiet longest goes."""

    def __init__(self) -> None:
        self.server: asyncio.Server | None = None
        self.lost = asyncio.Event()  # never: asyncio goes on after an error
        self._all: dict[_Connection, None] = {}

    def add(self, connection: "_Connection") -> None:
        """A client has come."""
        if len(self._all) >= MOST_CONNECTIONS:
            oldest = next(iter(self._all))
            del self._all[oldest]
            oldest.abort()
        self._all[connection] = None

    def touch(self, connection: "_Connection") -> None:
        """Something was asked: move it to the end."""
        if connection in self._all:
            del self._all[connection]
            self._all[connection] = None

    def discard(self, connection: "_Connection") -> None:
        """It has gone."""
        self._all.pop(connection, None)

    def close(self) -> None:
        """Serve no more."""
        if self.server:
            self.server.close()
        for connection in list(self._all):
            connection.abort()


class _Connection(asyncio.Protocol):
    """A TCP client: messages with their length in front, any number, answered in the order in which answers come."""

    def __init__(self, connections: Connections, desk: Desk) -> None:
        self._connections = connections
        self._desk = desk
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._open_questions = 0
        self._working = False
        self._ended = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        self._wait()

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._work()

    def eof_received(self) -> bool:
        self._ended = True
        self._work()
        return True  # what was asked is still answered

    def connection_lost(self, _exc: Exception | None) -> None:
        self._connections.discard(self)
        self._transport = None
        if self._timer:
            self._timer.cancel()

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def _wait(self) -> None:
        """Give the client its time for the next whole question, from now on."""
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_IDLE, self._idle)

    def _idle(self) -> None:
        if self._open_questions:
            self._wait()
        else:
            self.abort()

    def _work(self) -> None:
        if self._working:
            return  # an answer that was there at once; the loop below goes on
        self._working = True
        while self._open_questions < _MOST_PIPELINED and (message := self._next()) is not None:
            self._connections.touch(self)
            self._wait()
            self._open_questions += 1
            if not self._desk.take(message, self._answer):
                self.abort()
        self._working = False
        if self._transport is None or self._transport.is_closing():
            return
        if self._ended:
            if not self._open_questions:
                self._transport.close()
        elif self._open_questions >= _MOST_PIPELINED:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _next(self) -> bytes | None:
        """The next whole message; None when there is none, or none is to be expected from this client."""
        if self._transport is None or self._transport.is_closing() or len(self._received) < 2:
            return None
        size = int.from_bytes(self._received[:2], "big")
        if size > LONGEST_QUESTION:
            self.abort()
        if len(self._received) < 2 + size:
            return None
        message = bytes(self._received[2 : 2 + size])
        del self._received[: 2 + size]
        return message

    def _answer(self, _query: Query, answer: bytes) -> None:
        self._open_questions -= 1
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > _UNSENT:
            self.abort()  # it asks and does not read
            return
        answer = fitted(answer, _LONGEST)
        self._transport.write(len(answer).to_bytes(2, "big") + answer)
        self._work()
