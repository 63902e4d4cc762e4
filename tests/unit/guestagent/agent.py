"""The guest agent's server on a unix socket, with listeners that a test changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from limavm.guestagent.inotify import Signals
from limavm.guestagent.ports import Port
from limavm.guestagent.server import GuestService
from limavm.guestagent.serving import AgentServer
from limavm.wire.channel import BoundedChannel
from limavm.wire.service import GuestServiceStub


class FakeListeners:
    """What listens is what the test says."""

    def __init__(self, *ports: Port) -> None:
        self.ports = frozenset(ports)
        self._news = asyncio.Event()

    def set(self, *ports: Port) -> None:
        self.ports = frozenset(ports)
        self._news.set()
        self._news = asyncio.Event()

    async def now(self) -> frozenset[Port]:
        return self.ports

    async def changed(self, known: frozenset[Port]) -> frozenset[Port]:
        while self.ports == known:
            await self._news.wait()
        return self.ports


class FakeClock:
    """A clock that may be off."""

    def __init__(self, now: int = 0) -> None:
        self.now = now

    def now_ns(self) -> int:
        return self.now

    def set_ns(self, now: int) -> None:
        self.now = now


@asynccontextmanager
async def agent(
    directory: Path,
    listeners: FakeListeners | None = None,
    *,
    clock: FakeClock | None = None,
    token: str = "",
    signals: Signals | None = None,
) -> AsyncIterator[tuple[str, GuestService]]:
    """The path of the socket, and the service."""
    service = GuestService(
        listeners or FakeListeners(), str(directory / "run"), clock=clock or FakeClock(), signals=signals
    )
    server = AgentServer(service, token)
    path = str(directory / "agent.sock")
    listening = await asyncio.get_running_loop().create_unix_server(server.protocol, path)
    try:
        yield path, service
    finally:
        listening.close()
        await server.stop()


@asynccontextmanager
async def client(path: str) -> AsyncIterator[GuestServiceStub]:
    """Our own client."""
    loop = asyncio.get_running_loop()
    channel = BoundedChannel(lambda factory: loop.create_unix_connection(factory, path))
    try:
        yield GuestServiceStub(channel)
    finally:
        channel.close()
