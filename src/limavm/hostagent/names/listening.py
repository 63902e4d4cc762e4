"""The sockets on which the guest asks: one for UDP and one for TCP, both on 127.0.0.1 (RFC 1035, 4.2; RFC 7766).

What a guest sends costs bounded memory and no exception, whatever it is: so many questions at once, so many
connections, so many questions on each of them. Nothing is logged for a single question.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, cast

from limavm.hostagent.names.message import SERVFAIL, Query, empty_reply, fitted, read_query

log = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
#: Questions at once that cannot be answered on the spot; more than that are answered with SERVFAIL.
MOST_QUESTIONS = 1024
MOST_CONNECTIONS = 64
#: Questions at once on one connection; it is not read any further until one is answered.
MOST_PIPELINED = 16
#: Seconds after which a connection is closed on which nothing is asked.
IDLE = 10.0
#: Seconds between two complaints about the same.
SELDOM = 60.0
#: Seconds between tries to bind a port that is taken.
PAUSE = 1.0
#: Bytes of a message that we read at all. A question has a few hundred at most, an update of a zone more.
LONGEST_QUESTION = 16 * 1024
_LONGEST = 65535
_UNSENT = 4 * _LONGEST


class Answerer(Protocol):
    """Answers queries; whole answers, which are cut for UDP here."""

    def now(self, query: Query) -> bytes | None:
        """The answer, if it is known without asking anybody."""

    async def later(self, query: Query) -> bytes:
        """The answer of somebody else; within a deadline, and `SERVFAIL` if there is none."""


class Desk:
    """Takes questions from both sockets, and gives their answers back when they are there."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self._tasks: set[asyncio.Task[None]] = set()
        self._told = -SELDOM

    def take(self, message: bytes, reply: Callable[[Query, bytes], None]) -> bool:
        """Answer a message by `reply`, now or later; False when it gets no answer at all."""
        query = read_query(message) if len(message) <= LONGEST_QUESTION else None
        if query is None:
            return False
        if (answer := self._answerer.now(query)) is not None:
            reply(query, answer)
        elif len(self._tasks) >= MOST_QUESTIONS:
            self._complain()
            reply(query, empty_reply(query, SERVFAIL))
        else:
            task = asyncio.create_task(self._later(query, reply), name="a question for a name")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return True

    def _complain(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._told + SELDOM:
            self._told = now
            log.warning("The guest asks for too many names at once; some get no answer")

    async def _later(self, query: Query, reply: Callable[[Query, bytes], None]) -> None:
        try:
            answer = await self._answerer.later(query)
        except Exception:  # the outer edge of a question
            log.exception("a question for a name failed")
            answer = empty_reply(query, SERVFAIL)
        reply(query, answer)

    async def close(self) -> None:
        """Drop the questions that are open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def listening(desk: Desk, udp_port: int, tcp_port: int, *, insist: bool = True) -> AsyncIterator[None]:
    """Serve on both ports, 0 for none, until the context ends.

    A port that is taken is tried again each second. Unless `insist`: then OSError is raised.
    """
    kinds = [(_open_udp, udp_port, "UDP"), (_open_tcp, tcp_port, "TCP")]
    ports = [_Port(open_port, desk, port, kind) for open_port, port, kind in kinds if port]
    tasks = []
    try:
        for port in ports:
            await (port.is_open() if insist else port.open())
            tasks.append(asyncio.create_task(port.keep(), name=f"name server on {port.what}"))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for port in ports:
            port.close()
        await desk.close()


class _Socket(Protocol):
    """A bound socket: closed by us, or of its own accord."""

    lost: asyncio.Event

    def close(self) -> None: ...


class _Port:
    """A port that is to be served, whoever else has it at times."""

    def __init__(self, opens: Callable[[Desk, int], Awaitable[_Socket]], desk: Desk, port: int, kind: str) -> None:
        self._opens = opens
        self._desk = desk
        self._port = port
        self.what = f"{kind} port {port} of {ADDRESS}"
        self._socket: _Socket | None = None
        self._told = False

    async def open(self) -> None:
        """Bind it; raises OSError."""
        self._socket = await self._opens(self._desk, self._port)
        log.info("Serving names on %s", self.what)
        self._told = False

    async def is_open(self) -> bool:
        """Try to bind it; whether that worked. The first failure is logged."""
        try:
            await self.open()
        except OSError as error:
            if not self._told:
                log.warning("Names cannot be served on %s yet: %s", self.what, error.strerror or error)
            self._told = True
        return self._socket is not None

    async def keep(self) -> None:
        """Open it again and again, for ever."""
        while True:
            if self._socket:
                await self._socket.lost.wait()
                self.close()
            while not await self.is_open():
                await asyncio.sleep(PAUSE)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None


async def _open_udp(desk: Desk, port: int) -> _Socket:
    _, endpoint = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(desk), local_addr=(ADDRESS, port)
    )
    return endpoint


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP socket."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._full = False
        self.lost = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # In Python 3.11 the transport of a datagram socket is no instance of its own interface.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._desk.take(data, lambda query, answer: self._send(fitted(answer, query.udp_size), addr))

    def _send(self, answer: bytes, addr: tuple[str, int]) -> None:
        # What the kernel does not take at once asyncio keeps; a client asks again for what is dropped.
        if self._transport and not self._full and not self.lost.is_set():
            self._transport.sendto(answer, addr)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False

    def error_received(self, exc: Exception) -> None:
        pass  # the client has gone

    def connection_lost(self, _exc: Exception | None) -> None:
        self.lost.set()

    def close(self) -> None:
        if self._transport:
            self._transport.close()


async def _open_tcp(desk: Desk, port: int) -> _Socket:
    connections = _Connections()
    loop = asyncio.get_running_loop()
    connections.server = await loop.create_server(lambda: _Connection(connections, desk), ADDRESS, port)
    return connections


class _Connections:
    """The TCP socket, and who has come through it: when there are too many, the one that was quiet longest goes."""

    def __init__(self) -> None:
        self.server: asyncio.Server | None = None
        self.lost = asyncio.Event()  # never: asyncio goes on after an error
        self._all: dict[_Connection, None] = {}

    def add(self, connection: "_Connection") -> None:
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
        self._all.pop(connection, None)

    def close(self) -> None:
        if self.server:
            self.server.close()
        for connection in list(self._all):
            connection.abort()


class _Connection(asyncio.Protocol):
    """A TCP client: messages with their length in front, any number, answered in the order in which answers come."""

    def __init__(self, connections: _Connections, desk: Desk) -> None:
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
        self._timer = asyncio.get_running_loop().call_later(IDLE, self._idle)

    def _idle(self) -> None:
        if self._open_questions:
            self._wait()
        else:
            self.abort()

    def _work(self) -> None:
        if self._working:
            return  # an answer that was there at once; the loop below goes on
        self._working = True
        while self._open_questions < MOST_PIPELINED and (message := self._next()) is not None:
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
        elif self._open_questions >= MOST_PIPELINED:
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
