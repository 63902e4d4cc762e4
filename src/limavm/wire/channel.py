"""The client's end of a connection, by whatever way there is to the guest."""

import asyncio
from collections.abc import Awaitable, Callable

from grpclib.client import Channel, Handler
from grpclib.protocol import H2Protocol

from limavm.wire.bounded import BoundedCodec, BoundedProtocol, configuration

#: Makes a connection for the protocol that the factory gives, as `create_unix_connection` of an event loop does.
Connect = Callable[[Callable[[], BoundedProtocol]], Awaitable[tuple[asyncio.BaseTransport, asyncio.BaseProtocol]]]


class BoundedChannel(Channel):
    """grpclib's channel over connections that `connect` makes, with the bounds of `bounded`."""

    def __init__(self, connect: Connect) -> None:
        super().__init__(codec=BoundedCodec(), config=configuration())
        self._make = connect

    def _protocol_factory(self) -> BoundedProtocol:
        return BoundedProtocol(Handler(), self._config, self._h2_config)

    async def _create_connection(self) -> H2Protocol:
        _, protocol = await self._make(self._protocol_factory)
        assert isinstance(protocol, BoundedProtocol)
        return protocol
