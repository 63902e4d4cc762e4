"""Hands questions on to other name servers as they are: UDP to each, then TCP to each; the first answer counts.

Nobody else's answer is taken for theirs: each question goes out with an ID and a port of its own that nobody can
guess (RFC 5452), and an answer has to carry the ID, the question and the address it was sent to.
"""

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import Callable, Sequence

from limavm.hostagent.names.message import Query, answers, is_truncated, readdressed
from limavm.hostagent.names.resolvconf import Server

log = logging.getLogger(__name__)

#: Seconds for one server: by UDP a round trip, by TCP two and a busy server.
UDP_PATIENCE, TCP_PATIENCE = 2.0, 4.0
#: Seconds for all of them.
PATIENCE = 10.0
#: Questions under way at once; each holds a descriptor.
MOST = 128
#: Seconds for which a server that did not answer comes after the others.
_RESENTMENT = 30.0
#: Seconds between two complaints that nobody answers.
_SELDOM = 60.0


class Upstream:
    """Asks the servers that `servers` names at the moment of asking."""

    def __init__(self, servers: Callable[[], Sequence[Server]], *, udp_patience: float = UDP_PATIENCE) -> None:
        self._servers = servers
        self._udp_patience = udp_patience
        self._slots = asyncio.Semaphore(MOST)
        self._silent: dict[Server, float] = {}
        self._failing = False
        self._told = -_SELDOM
        #: Where we listen ourselves: asked, we would ask ourselves again.
        self.ourselves: frozenset[Server] = frozenset()

    async def ask(self, query: Query) -> bytes | None:
        """The answer of the first server that gives one, whatever it says; None when none does in time."""
        reply = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE), self._slots:
                reply = await self._first(query)
        self._tell(failing=reply is None)
        return readdressed(query, reply) if reply else None

    async def _first(self, query: Query) -> bytes | None:
        servers = self._in_order()
        for ask in (self._by_udp, self._by_tcp):
            for server in servers:
                if reply := await ask(query, server):
                    return reply
        return None

    def _in_order(self) -> list[Server]:
        now = asyncio.get_running_loop().time()
        self._silent = {server: until for server, until in self._silent.items() if until > now}
        return sorted((s for s in self._servers() if s not in self.ourselves), key=lambda s: s in self._silent)

    async def _by_udp(self, query: Query, server: Server) -> bytes | None:
        try:
            reply = await _by_udp(query, server, self._udp_patience)
        except (OSError, TimeoutError):
            self._silent[server] = asyncio.get_running_loop().time() + _RESENTMENT
            return None
        if is_truncated(reply):
            return await self._by_tcp(query, server) or reply
        return reply

    async def _by_tcp(self, query: Query, server: Server) -> bytes | None:
        try:
            return await _by_tcp(query, server)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return None

    def _tell(self, *, failing: bool) -> None:
        """Log when servers stop to answer and when they start again, not each question."""
        now = asyncio.get_running_loop().time()
        if failing == self._failing or (failing and now < self._told + _SELDOM):
            return
        self._failing = failing
        names = ", ".join(server.host for server in self._servers())
        if failing:
            self._told = now
            log.warning("No answer to a question for a name from %s", names)
        else:
            log.info("Questions for names are answered again by %s", names)


def _renumbered(query: Query) -> tuple[bytes, bytes]:
    """An ID that nobody can guess, and the message that carries it."""
    identity = secrets.token_bytes(2)
    return identity, identity + query.message[2:]


async def _by_udp(query: Query, server: Server, patience: float) -> bytes:
    """The answer of one server by UDP. Raises OSError when it is not there, TimeoutError when it is silent."""
    identity, message = _renumbered(query)
    loop = asyncio.get_running_loop()
    # A connected socket gets its own port, and nothing that comes from elsewhere.
    transport, asked = await loop.create_datagram_endpoint(
        lambda: _Asked(query, identity), remote_addr=server, family=_family(server)
    )
    try:
        transport.sendto(message)
        async with asyncio.timeout(patience):
            return await asked.reply
    finally:
        transport.close()


class _Asked(asyncio.DatagramProtocol):
    """Waits for the one datagram that is the answer; others are passed over."""

    def __init__(self, query: Query, identity: bytes) -> None:
        self._query = query
        self._identity = identity
        self.reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        if not self.reply.done() and answers(self._query, self._identity, data):
            self.reply.set_result(data)

    def error_received(self, exc: Exception) -> None:
        # Nobody listens there; the kernel was told so.
        if not self.reply.done():
            self.reply.set_exception(exc)

    def connection_lost(self, _exc: Exception | None) -> None:
        self.reply.cancel()


async def _by_tcp(query: Query, server: Server) -> bytes:
    """The answer of one server by TCP. Raises OSError, TimeoutError or IncompleteReadError when there is none."""
    identity, message = _renumbered(query)
    async with asyncio.timeout(TCP_PATIENCE):
        reader, writer = await asyncio.open_connection(*server, family=_family(server))
        try:
            writer.write(len(message).to_bytes(2, "big") + message)
            reply = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        finally:
            writer.transport.abort()
    if not answers(query, identity, reply):
        raise ConnectionError(f"{server.host} answers something else")
    return reply


def _family(server: Server) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in server.host else socket.AF_INET
