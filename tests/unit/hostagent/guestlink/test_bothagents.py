"""The host's side and the guest agent itself, over a unix socket."""

import asyncio
import contextlib
import errno
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from limavm.guestagent.ports import Port
from limavm.guestagent.server import GuestService
from limavm.guestagent.serving import AgentServer
from limavm.hostagent.forwarding.tunnels import TunnelOpener
from limavm.hostagent.guestlink.guestagent import GuestAgent
from limavm.hostagent.guestlink.ways import unix_socket
from limavm.model.forward import Forward, Listener, Route
from tests.unit.guestagent.agent import FakeListeners
from tests.unit.hostagent.forwarding.test_tunnels import Collecting, datagram_echo, echo, free, guest, split, until
from tests.unit.hostagent.guestlink.test_guestagent import Told

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)

RESET = struct.pack("ii", 1, 0)


def wildcard(*ports: int) -> list[Port]:
    return [Port("tcp", "0.0.0.0", port) for port in ports]


@contextlib.asynccontextmanager
async def real_agent(directory: Path, ports: FakeListeners, token: str = "") -> AsyncIterator[None]:
    agent = AgentServer(GuestService(ports, str(directory)), token)
    path = str(directory / "ga.sock")
    assert sys.platform != "win32"
    server = await asyncio.get_running_loop().create_unix_server(agent.protocol, path)
    try:
        yield
    finally:
        server.close()
        await agent.stop()
        os.unlink(path)


@contextlib.asynccontextmanager
async def connected(directory: Path, told: Told, token: str = "") -> AsyncIterator[GuestAgent]:
    agent = GuestAgent(unix_socket(str(directory / "ga.sock")), listeners=told, token=token)
    task = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Opener(TunnelOpener):
    """One that knows what to close after a test."""

    def __init__(self, agent: GuestAgent) -> None:
        super().__init__(agent)
        self.forwards: list[Forward] = []

    async def open(self, forward: Forward) -> None:
        await super().open(forward)
        self.forwards.append(forward)


@pytest.fixture
async def opener(tmp_path: Path) -> AsyncIterator[TunnelOpener]:
    async with real_agent(tmp_path, FakeListeners()), connected(tmp_path, Told()) as agent:
        await agent.wait_connected()
        made = Opener(agent)
        yield made
        for forward in made.forwards:
            await made.close(forward)


async def forwarded(opener: TunnelOpener, address: str, protocol: str = "tcp") -> tuple[str, int]:
    host = free(protocol)
    await opener.open(Forward(protocol=protocol, guest=address, host=host, route=Route.GRPC))
    return split(host)


def listeners(*ports: int) -> set[Listener]:
    return {Listener(protocol="tcp", ip="0.0.0.0", port=port) for port in ports}


async def test_listeners_follow_the_guest_over_restarts_of_the_agent(tmp_path: Path) -> None:
    ports, told = FakeListeners(), Told()
    ports.set(*wildcard(80))
    async with connected(tmp_path, told, "secret"):
        async with real_agent(tmp_path, ports, "secret"):
            await told.until(listeners(80))
            ports.set(*wildcard(80, 81))
            await told.until(listeners(80, 81))
            ports.set(*wildcard(81))
            await told.until(listeners(81))
        ports.set(*wildcard(82))
        async with real_agent(tmp_path, ports, "secret"):
            await told.until(listeners(82))
            ports.set(*wildcard(*range(1000, 3000)))
            await told.until(listeners(*range(1000, 3000)))


async def test_the_end_of_a_request_passes_and_the_answer_comes_back(opener: TunnelOpener) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read())[::-1])

    async with guest(answer) as address:
        reader, writer = await asyncio.open_connection(*await forwarded(opener, address))
        writer.write(b"abc" * 500_000)
        writer.write_eof()

        assert await reader.read() == b"cba" * 500_000
        writer.close()


async def test_the_end_of_the_guests_data_passes_and_it_still_reads(opener: TunnelOpener) -> None:
    received: list[bytes] = []

    async def speak_then_listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        received.append(await reader.read())

    async with guest(speak_then_listen) as address:
        reader, writer = await asyncio.open_connection(*await forwarded(opener, address))
        assert await reader.read() == b""
        writer.write(b"more")
        writer.write_eof()
        await until(lambda: received == [b"more"])
        writer.close()


async def test_resets_pass_in_both_directions(opener: TunnelOpener) -> None:
    errors: list[int | None] = []

    async def reset_or_wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1) == b"r":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
            return
        try:
            await reader.read()
        except ConnectionResetError as error:
            errors.append(error.errno)

    async with guest(reset_or_wait) as address:
        host = await forwarded(opener, address)
        reader, writer = await asyncio.open_connection(*host)
        writer.write(b"r")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

        reader, writer = await asyncio.open_connection(*host)
        writer.write(b"w")
        await asyncio.sleep(0.05)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()
        await until(lambda: errors == [errno.ECONNRESET])


async def test_a_port_on_which_nobody_listens_is_a_reset(opener: TunnelOpener) -> None:
    reader, writer = await asyncio.open_connection(*await forwarded(opener, free()))

    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_datagrams_pass(opener: TunnelOpener) -> None:
    server, address = await datagram_echo()
    host = await forwarded(opener, address, "udp")
    transport, peer = await asyncio.get_running_loop().create_datagram_endpoint(Collecting, remote_addr=host)
    for data in (b"one", b"two", bytes(65000)):
        transport.sendto(data)

    await until(lambda: [len(data) for data, _ in peer.received] == [3, 3, 65000])
    transport.close()
    server.close()


async def test_a_thousand_connections_at_the_same_time(opener: TunnelOpener) -> None:
    async with guest(echo) as address:
        host = await forwarded(opener, address)
        opened = [await asyncio.open_connection(*host) for _ in range(1000)]
        for number, (_, writer) in enumerate(opened):
            writer.write(b"%d\n" % number)
        answers = [int(await reader.readline()) for reader, _ in opened]
        for _, writer in opened:
            writer.transport.abort()

    assert answers == list(range(1000))
