"""A guest agent written from guestservice.proto alone, with grpclib's own server; its guest is this machine.

`ScriptedAgent` says what it is told to say, in raw bytes.
"""

import asyncio
import contextlib
import os
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from google.protobuf.empty_pb2 import Empty
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream

from limavm.wire.guestservice_pb2 import (
    Event,
    Info,
    Inotify,
    IPPort,
    TimeSyncRequest,
    TimeSyncResponse,
    TunnelMessage,
)
from limavm.wire.service import GuestServiceBase


class FakeAgent(GuestServiceBase):
    """Answers for a guest whose listeners are those of `ports`."""

    def __init__(self, token: str = "") -> None:
        self.token = token
        self.ports: dict[tuple[str, str, int], IPPort] = {}
        self.events: list[Event] = []
        self.news = asyncio.Event()
        self.calls: list[str] = []
        self.metadata: list[str] = []
        self.changes: list[tuple[str, int]] = []
        self.tunnels: list[TunnelMessage] = []
        self.open_tunnels = 0
        self.host_time_ns = 0

    def listen(self, port: int, ip: str = "0.0.0.0", protocol: str = "tcp", *, v6only: bool = False) -> None:
        self.ports[protocol, ip, port] = found = IPPort(protocol=protocol, ip=ip, port=port, v6only=v6only)
        self.tell(Event(added_local_ports=[found]))

    def cease(self, port: int, ip: str = "0.0.0.0", protocol: str = "tcp") -> None:
        self.tell(Event(removed_local_ports=[self.ports.pop((protocol, ip, port))]))

    def tell(self, event: Event) -> None:
        self.events.append(event)
        self.news.set()
        self.news = asyncio.Event()

    async def get_info(self, stream: Stream[Empty, Info]) -> None:
        self._begin("GetInfo", stream)
        await stream.recv_message()
        await stream.send_message(Info(local_ports=self.ports.values()))

    async def get_events(self, stream: Stream[Empty, Event]) -> None:
        self._begin("GetEvents", stream)
        await stream.recv_message()
        told = len(self.events)
        while True:
            news = self.news
            for event in self.events[told:]:
                await stream.send_message(event)
            told = len(self.events)
            await news.wait()

    async def post_inotify(self, stream: Stream[Inotify, Empty]) -> None:
        self._begin("PostInotify", stream)
        async for message in stream:
            self.changes.append((message.mount_path, message.time.ToNanoseconds()))
        await stream.send_message(Empty())

    async def sync_time(self, stream: Stream[TimeSyncRequest, TimeSyncResponse]) -> None:
        self._begin("SyncTime", stream)
        message = await stream.recv_message()
        assert message is not None
        self.host_time_ns = message.host_time.ToNanoseconds()
        drift = (time.time_ns() - self.host_time_ns) // 1_000_000
        await stream.send_message(TimeSyncResponse(adjusted=abs(drift) > 100, drift_ms=drift))

    async def tunnel(self, stream: Stream[TunnelMessage, TunnelMessage]) -> None:
        self._begin("Tunnel", stream)
        first = await stream.recv_message()
        assert first is not None
        self.tunnels.append(first)
        self.open_tunnels += 1
        try:
            await stream.send_initial_metadata(metadata={"lima-half-close": "1"})
            if first.protocol == "udp":
                await _udp(stream, first)
            else:
                await _tcp(stream, first)
        except ConnectionError as error:
            raise GRPCError(Status.UNAVAILABLE, str(error)) from error
        finally:
            self.open_tunnels -= 1

    def _begin(self, call: str, stream: Stream[Any, Any]) -> None:
        self.calls.append(call)
        token = str(stream.metadata.get("lima-token", "")) if stream.metadata else ""
        self.metadata.append(token)
        if token != self.token:
            raise GRPCError(Status.UNAUTHENTICATED, "no token of the host agent")


async def _tcp(stream: Stream[TunnelMessage, TunnelMessage], first: TunnelMessage) -> None:
    reader, writer = await asyncio.open_connection(*_address(first.guest_addr))
    try:
        await _both(_to_guest(stream, writer), _from_guest(stream, reader, first.id))
    except BaseException:
        reset = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()
        raise
    finally:
        writer.close()


async def _to_guest(stream: Stream[TunnelMessage, TunnelMessage], writer: asyncio.StreamWriter) -> None:
    async for message in stream:
        writer.write(message.data)
        await writer.drain()
    writer.write_eof()


async def _from_guest(stream: Stream[TunnelMessage, TunnelMessage], reader: asyncio.StreamReader, name: str) -> None:
    while data := await reader.read(32768):
        await stream.send_message(TunnelMessage(id=name, data=data))
    await stream.send_message(TunnelMessage(id=name))  # no data: the guest has ended


async def _both(*parts: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.received.put_nowait(data)


async def _udp(stream: Stream[TunnelMessage, TunnelMessage], first: TunnelMessage) -> None:
    loop = asyncio.get_running_loop()
    transport, guest = await loop.create_datagram_endpoint(_Datagrams, remote_addr=_address(first.guest_addr))

    async def answer() -> None:
        while True:
            await stream.send_message(TunnelMessage(id=first.id, data=await guest.received.get()))

    async def ask() -> None:
        async for message in stream:
            transport.sendto(message.data)
        raise ConnectionError("the peer has gone")

    try:
        await _both(ask(), answer())
    finally:
        transport.close()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


class _Server(Server):
    """A server that takes its connections along when it ends, as a process does."""

    def __init__(self, agent: GuestServiceBase) -> None:
        super().__init__([agent])
        self.protocols: list[H2Protocol] = []

    def _protocol_factory(self) -> H2Protocol:
        self.protocols.append(super()._protocol_factory())
        return self.protocols[-1]


@contextlib.asynccontextmanager
async def served_agent(path: str, agent: GuestServiceBase) -> AsyncIterator[None]:
    """Serve an agent on a unix socket; on the way out it ends as if it were killed."""
    server = _Server(agent)
    await server.start(path=path)
    try:
        yield
    finally:
        server.close()
        for protocol in server.protocols:
            protocol.connection.close()
        await server.wait_closed()
        os.unlink(path)


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@contextlib.asynccontextmanager
async def scripted_agent(path: str, script: Script) -> AsyncIterator[list[BaseException]]:
    """Serve whatever `script` does with each connection; yields what went wrong in it."""
    failures: list[BaseException] = []
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await script(reader, writer)
        except OSError as error:
            failures.append(error)
        except asyncio.CancelledError:
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    if sys.platform == "win32":
        raise OSError("there are no unix sockets")
    server = await asyncio.start_unix_server(serve, path)
    try:
        yield failures
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
