import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import h2.events
import pytest
from grpclib.client import Stream as ClientStream
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from limavm.guestagent import tunnel
from limavm.guestagent.server import GuestService
from limavm.guestagent.serving import AgentServer
from limavm.guestagent.tunnel import serve_tunnel
from limavm.wire.guestservice_pb2 import TunnelMessage
from limavm.wire.service import HALF_CLOSE_KEY
from tests.fakes.grpcpeer import Peer, message, text
from tests.unit.guestagent.agent import FakeListeners, agent, client

HALF_CLOSE = {HALF_CLOSE_KEY: "1"}
Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def server(handle: Handle, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """The address of a TCP server in the "guest"."""
    listening = await asyncio.start_server(handle, host, 0, backlog=1000)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100_000):
        writer.write(data)
        await writer.drain()
    writer.close()


async def answer_after_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"got %d" % len(await reader.read()))
    writer.close()


def ask(address: str, protocol: str = "tcp") -> TunnelMessage:
    return TunnelMessage(id="tcp-1", protocol=protocol, guest_addr=address)


@asynccontextmanager
async def through(
    directory: Path, target: AbstractAsyncContextManager[str], protocol: str = "tcp", **metadata: str
) -> AsyncIterator[ClientStream[TunnelMessage, TunnelMessage]]:
    """A tunnel of our client."""
    async with (
        agent(directory) as (path, _),
        client(path) as stub,
        target as address,
        stub.tunnel.open(metadata=metadata) as stream,
    ):
        await stream.send_message(ask(address, protocol))
        yield stream


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_data_comes_through_in_both_directions(tmp_path: Path, host: str) -> None:
    data = os.urandom(1_000_000)
    received = b""

    async with through(tmp_path, server(echo, host), **HALF_CLOSE) as stream:
        for start in range(0, len(data), 10_000):
            await stream.send_message(TunnelMessage(data=data[start : start + 10_000]))
        await stream.end()
        async for part in stream:
            received += part.data

    assert received == data


async def test_the_first_message_may_bring_data(tmp_path: Path) -> None:
    async with agent(tmp_path) as (path, _), server(echo) as address:
        peer = await Peer.connected(path)
        body = text(2, "tcp") + text(3, b"hello") + text(4, address)
        peer.h2.send_data(peer.open("Tunnel"), message(body), end_stream=True)
        await peer.flush()
        assert getattr(await peer.next("DataReceived"), "data", b"") == message(text(3, b"hello"))
        await peer.close()


@pytest.mark.parametrize("metadata", [HALF_CLOSE, {}])
async def test_the_end_of_the_hosts_data_leaves_the_other_direction_open(
    tmp_path: Path, metadata: dict[str, str]
) -> None:
    async with through(tmp_path, server(answer_after_the_end), **metadata) as stream:
        await stream.send_message(TunnelMessage(data=bytes(100_000)), end=True)
        parts = [part.data async for part in stream]

    assert parts[0] == b"got 100000"
    assert parts[1:] == ([b""] if metadata else [])


async def test_the_end_of_the_guests_data_leaves_the_other_direction_open(tmp_path: Path) -> None:
    rest = asyncio.get_running_loop().create_future()

    async def end_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        writer.write_eof()
        rest.set_result(await reader.read())
        writer.close()

    async with through(tmp_path, server(end_first), **HALF_CLOSE) as stream:
        assert [await stream.recv_message(), await stream.recv_message()] == [
            TunnelMessage(data=b"bye"),
            TunnelMessage(),
        ]
        assert stream.initial_metadata is not None
        assert stream.initial_metadata[HALF_CLOSE_KEY] == "1"
        await stream.send_message(TunnelMessage(data=b"still here"), end=True)
        assert await stream.recv_message() is None

    assert await rest == b"still here"


async def test_a_client_that_does_not_know_half_close_sees_the_guests_end_as_the_end(tmp_path: Path) -> None:
    async def end_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        writer.write_eof()
        await reader.read()
        writer.close()

    async with agent(tmp_path) as (path, _), server(end_first) as address:
        peer = await Peer.connected(path)
        peer.h2.send_data(peer.open("Tunnel"), message(text(2, "tcp") + text(4, address)))
        await peer.flush()
        assert HALF_CLOSE_KEY not in await peer.headers()
        assert getattr(await peer.next("DataReceived"), "data", b"") == message(text(3, b"bye"))
        assert (await peer.headers("TrailersReceived"))["grpc-status"] == "0"
        await peer.close()


async def test_a_connection_that_the_guest_resets_is_broken_off(tmp_path: Path) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await reader.read(1)
        writer.transport.abort()

    async with agent(tmp_path) as (path, _), server(reset) as address:
        peer = await Peer.connected(path)
        stream = peer.open("Tunnel", (HALF_CLOSE_KEY, "1"))
        peer.h2.send_data(stream, message(text(2, "tcp") + text(4, address)) + message(text(3, b"x")))
        await peer.flush()
        headers = await peer.headers("TrailersReceived")
        await peer.close()

    assert headers["grpc-status"] == str(Status.ABORTED.value)


@pytest.mark.parametrize("how", ["stream", "connection"])
async def test_a_tunnel_that_the_host_breaks_off_is_reset_in_the_guest(tmp_path: Path, how: str) -> None:
    end: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"ready")
            await reader.read()
            end.set_result(None)
        except ConnectionResetError as error:
            end.set_result(error)
        writer.close()

    async with agent(tmp_path) as (path, _), server(wait) as address:
        peer = await Peer.connected(path)
        stream = peer.open("Tunnel")
        peer.h2.send_data(stream, message(text(2, "tcp") + text(4, address)))
        await peer.flush()
        await peer.next("DataReceived")
        if how == "stream":
            peer.h2.reset_stream(stream)
            await peer.flush()
        else:
            peer.writer.transport.abort()
        assert isinstance(await end, ConnectionResetError)
        await peer.close()


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("protocol", "address", "status"),
    [
        ("tcp", "127.0.0.1:{}", Status.UNAVAILABLE),
        ("tcp", "localhost:80", Status.INVALID_ARGUMENT),
        ("tcp", "/run/docker.sock", Status.INVALID_ARGUMENT),
        ("unix", "127.0.0.1:80", Status.INVALID_ARGUMENT),
        ("", "", Status.INVALID_ARGUMENT),
    ],
)
async def test_what_cannot_be_reached_is_a_status(tmp_path: Path, protocol: str, address: str, status: Status) -> None:
    async with agent(tmp_path) as (path, _):
        peer = await Peer.connected(path)
        body = text(2, protocol) + text(4, address.format(unused_port()))
        headers = await peer.call("Tunnel", body)
        await peer.close()

    assert headers["grpc-status"] == str(status.value)


async def test_a_dial_has_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnel, "DIAL_LIMIT", 0.05)
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    waiting = [socket.socket() for _ in range(3)]
    for sock in waiting:
        sock.setblocking(False)
        sock.connect_ex(full.getsockname())

    with pytest.raises(GRPCError) as caught:
        await tunnel.dial("tcp", f"127.0.0.1:{full.getsockname()[1]}")

    assert caught.value.status is Status.DEADLINE_EXCEEDED
    for sock in (full, *waiting):
        sock.close()


async def test_nothing_is_read_that_the_host_does_not_take(tmp_path: Path) -> None:
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.transport.set_write_buffer_limits(0)
        try:
            while True:
                writer.write(bytes(65536))
                await writer.drain()
                sent += 65536
        except ConnectionError:
            writer.close()

    async with through(tmp_path, server(pour)) as stream:
        before = -1
        while sent != before:
            before = sent
            for _ in range(1000):
                await asyncio.sleep(0)
        await stream.cancel()

    # What the kernel holds for both sockets is not ours to bound.
    assert sent < 16 << 20


@asynccontextmanager
async def udp_echo() -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()

    async def answer() -> None:
        while True:
            data, peer = await loop.sock_recvfrom(sock, 65536)
            await loop.sock_sendto(sock, data, peer)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        answering = asyncio.ensure_future(answer())
        yield f"127.0.0.1:{sock.getsockname()[1]}"
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)


async def test_a_message_is_a_datagram(tmp_path: Path) -> None:
    datagrams = [b"a", b"", bytes(65507), b"b"]
    received = []

    async with through(tmp_path, udp_echo(), "udp") as stream:
        for datagram in datagrams:
            await stream.send_message(TunnelMessage(data=datagram))
            reply = await stream.recv_message()
            received.append(reply.data if reply else None)
        await stream.send_message(TunnelMessage(data=bytes(65508)))  # too long: lost
        await stream.end()
        assert await stream.recv_message() is None

    assert received == datagrams


async def test_datagrams_to_a_port_that_nobody_listens_on_are_lost(tmp_path: Path) -> None:
    async with agent(tmp_path) as (path, _), client(path) as stub, stub.tunnel.open() as stream:
        await stream.send_message(ask(f"127.0.0.1:{unused_port()}", "udp"))
        for _ in range(5):
            await stream.send_message(TunnelMessage(data=b"anybody?"))
        await stream.end()
        assert await stream.recv_message() is None


async def test_a_udp_tunnel_that_is_idle_ends(tmp_path: Path) -> None:
    class Hasty(GuestService):
        async def tunnel(self, stream: Stream[TunnelMessage, TunnelMessage]) -> None:
            await serve_tunnel(stream, udp_idle=0.05)

    server = AgentServer(Hasty(FakeListeners(), str(tmp_path)))
    path = str(tmp_path / "s")
    listening = await asyncio.get_running_loop().create_unix_server(server.protocol, path)

    async with client(path) as stub, udp_echo() as address, stub.tunnel.open() as stream:
        await stream.send_message(ask(address, "udp"))
        await stream.send_message(TunnelMessage(data=b"x"))
        assert await stream.recv_message() == TunnelMessage(data=b"x")
        assert await stream.recv_message() is None
        await stream.end()

    listening.close()
    await server.stop()


async def test_many_idle_tunnels_leave_room_for_others_and_leave_nothing_behind(tmp_path: Path) -> None:
    many = 2000
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

    async with agent(tmp_path) as (path, _), server(echo) as address:
        peer = await Peer.connected(path)
        for _ in range(many):
            peer.h2.send_data(peer.open("Tunnel", (HALF_CLOSE_KEY, "1")), message(text(2, "tcp") + text(4, address)))
        await peer.flush()
        for _ in range(many):
            assert isinstance(await peer.next("ResponseReceived"), h2.events.ResponseReceived)
        async with client(path) as stub, stub.tunnel.open() as stream:
            await stream.send_message(ask(address))
            await stream.send_message(TunnelMessage(data=b"ping"), end=True)
            assert [part.data async for part in stream] == [b"ping"]
        peer.writer.transport.abort()
        await peer.close()

    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after <= before + 4


async def test_a_stream_that_ends_before_it_says_where_to_is_nothing(tmp_path: Path) -> None:
    async with agent(tmp_path) as (path, _), client(path) as stub, stub.tunnel.open() as stream:
        await stream.send_request(end=True)
        assert await stream.recv_message() is None
