"""gRPC's server on connections that others accept, whatever they are made of."""

import asyncio
import logging
from _operator import _compare_digest as compare_digest  # as in hmac, which loads OpenSSL as well
from collections.abc import Callable

from grpclib.const import Status
from grpclib.events import RecvRequest, listen
from grpclib.exceptions import GRPCError
from grpclib.server import Server

from limavm.wire.bounded import BoundedCodec, BoundedProtocol, configuration
from limavm.wire.handlers import TOKEN_KEY, GuestServiceBase

log = logging.getLogger(__name__)

#: Whether a connection's peer may speak to us, by its transport.
Admit = Callable[[asyncio.BaseTransport], bool]


class AgentServer(Server):
    """Makes a protocol for each connection; with a token, calls without it are refused."""

    def __init__(self, service: GuestServiceBase, token: str = "") -> None:
        super().__init__([service], codec=BoundedCodec(), config=configuration())
        self.connections: set[BoundedProtocol] = set()
        self._token = token.encode()
        if token:
            listen(self, RecvRequest, self._check)

    def protocol(self, admit: Admit | None = None) -> BoundedProtocol:
        """What speaks on a new connection."""
        handler = super()._protocol_factory().handler
        return _Served(self, admit, handler, self._config, self._h2_config)

    async def _check(self, request: RecvRequest) -> None:
        given = request.metadata.get(TOKEN_KEY, "")
        if not compare_digest(given.encode() if isinstance(given, str) else given, self._token):
            log.warning("%s was refused: the token is missing or wrong", request.method_name)
            raise GRPCError(Status.UNAUTHENTICATED, "the token is missing or wrong")

    async def stop(self) -> None:
        """Tell every peer that we go, and wait until the calls have ended."""
        for protocol in list(self.connections):
            protocol.leave()
        await asyncio.gather(*(handler.wait_closed() for handler in self._handlers))


class _Served(BoundedProtocol):
    def __init__(self, server: AgentServer, admit: Admit | None, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._server = server
        self._admit = admit

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._server.connections.add(self)
        if self._admit is not None and not self._admit(transport):
            self.leave()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._server.connections.discard(self)
        super().connection_lost(exc)
