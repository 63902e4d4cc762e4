"""Forwards through the guest agent: data, ends and resets pass; nothing leaks and nothing hangs."""

import asyncio
import contextlib
import gc
import os
import random
import socket
import struct
import sys
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from limavm.hostagent.forwarding.opener import ForwardError
from limavm.hostagent.forwarding.tunnels import TunnelOpener
from limavm.hostagent.guestlink.guestagent import GuestAgent
from limavm.hostagent.guestlink.ways import unix_socket
from limavm.model.forward import Forward, Route
from tests.fakes.guestagent import FakeAgent, served_agent

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)
import resource  # there is none on Windows

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
RESET = struct.pack("ii", 1, 0)


class Bench:
    """An opener whose guest is this machine."""

    def __init__(self, agent: GuestAgent, fake: FakeAgent, opener: TunnelOpener) -> None:
        self.agent = agent
        self.fake = fake
        self.opener = opener
        self.forwards: list[Forward] = []

    async def forward(self, guest: str, host: str = "", protocol: str = "tcp") -> str:
        forward = Forward(protocol=protocol, guest=guest, host=host or free(protocol), route=Route.GRPC)
        await self.opener.open(forward)
        self.forwards.append(forward)
        return forward.host


@contextlib.asynccontextmanager
async def bench(path: str) -> AsyncIterator[Bench]:
    fake = FakeAgent()
    agent = GuestAgent(unix_socket(path))
    opener = TunnelOpener(agent)
    made = Bench(agent, fake, opener)
    async with served_agent(path, fake):
        task = asyncio.create_task(agent.run())
        try:
            await agent.wait_connected()
            yield made
        finally:
            for forward in made.forwards:
                await opener.close(forward)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(str(tmp_path / "ga.sock")) as made:
        yield made


def free(protocol: str = "tcp") -> str:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


@contextlib.asynccontextmanager
async def guest(handler: Handler, ip: str = "127.0.0.1") -> AsyncIterator[str]:
    """A TCP server; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, ip, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
    finally:
        server.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_connections_wait_while_there_are_no_descriptors_and_the_log_stays_short(
    lab: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async with guest(echo) as address, contextlib.AsyncExitStack() as stack:
        place = split(await lab.forward(address))
        peers = [stack.enter_context(socket.socket()) for _ in range(20)]
        with no_descriptors_left():
            for peer in peers:
                peer.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    peer.connect(place)
            await until(lambda: caplog.records)
            assert len(caplog.records) < 5
        caplog.clear()

        for peer in peers:
            await asyncio.get_running_loop().sock_sendall(peer, b"x")
        async with asyncio.timeout(10):
            got = [await asyncio.get_running_loop().sock_recv(peer, 1) for peer in peers]
    assert got == [b"x"] * 20


@contextlib.contextmanager
def no_descriptors_left() -> Iterator[None]:
    """No file can be opened, and no connection accepted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open(os.devnull, "rb") as newest:
        taken = newest.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_the_first_message_tells_where_to_and_carries_no_data(lab: Bench) -> None:
    async with guest(echo) as address:
        host = await lab.forward(address)
        for _ in range(2):
            reader, writer = await asyncio.open_connection(*split(host))
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            writer.close()

    assert [(first.id, first.protocol, first.guest_addr, first.data) for first in lab.fake.tunnels] == [
        (f"tcp-{address}-1", "tcp", address, b""),
        (f"tcp-{address}-2", "tcp", address, b""),
    ]


async def test_the_end_of_a_request_passes_and_the_answer_comes_back(lab: Bench) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.read()
        writer.write(request[::-1])

    async with guest(answer) as address:
        reader, writer = await asyncio.open_connection(*split(await lab.forward(address)))
        writer.write(b"abc" * 100_000)
        writer.write_eof()

        assert await reader.read() == b"cba" * 100_000
        writer.close()
        await until(lambda: lab.fake.open_tunnels == 0)


async def test_the_end_of_the_guests_data_passes_and_it_still_reads(lab: Bench) -> None:
    received: list[bytes] = []

    async def speak_then_listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"banner")
        writer.write_eof()
        received.append(await reader.read())

    async with guest(speak_then_listen) as address:
        reader, writer = await asyncio.open_connection(*split(await lab.forward(address)))
        assert await reader.read() == b"banner"
        await asyncio.sleep(0.05)
        writer.write(b"more")
        writer.write_eof()
        await until(lambda: received)

        assert received == [b"more"]
        writer.close()
        await until(lambda: lab.fake.open_tunnels == 0)


async def test_a_reset_of_the_host_reaches_the_guest(lab: Bench) -> None:
    errors: list[BaseException] = []

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x")
        try:
            await reader.read()
        except ConnectionResetError as error:
            errors.append(error)

    async with guest(read) as address:
        reader, writer = await asyncio.open_connection(*split(await lab.forward(address)))
        await reader.readexactly(1)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()
        await until(lambda: errors)


async def test_a_refused_connection_of_the_guest_is_a_reset_on_the_host(lab: Bench) -> None:
    reader, writer = await asyncio.open_connection(*split(await lab.forward(free())))

    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_lost_agent_is_a_reset_on_the_host_and_the_listener_goes_on(tmp_path: Path) -> None:
    path = str(tmp_path / "ga.sock")
    async with guest(echo) as address, bench(path) as lab:
        host = await lab.forward(address)
        reader, writer = await asyncio.open_connection(*split(host))
        writer.write(b"x")
        await reader.readexactly(1)
        lab.agent.port_changed(False)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

        assert lab.opener.ready is False
        reader, writer = await asyncio.open_connection(*split(host))  # waits for the agent
        writer.write(b"y")
        assert await reader.readexactly(1) == b"y"
        writer.close()


async def test_without_an_agent_a_connection_is_refused_after_the_dial_limit(tmp_path: Path) -> None:
    agent = GuestAgent(unix_socket(str(tmp_path / "nobody.sock")), dial_limit=0.1)
    opener = TunnelOpener(agent)
    host = free()
    forward = Forward(protocol="tcp", guest="127.0.0.1:1", host=host, route=Route.GRPC)
    await opener.open(forward)
    reader, writer = await asyncio.open_connection(*split(host))

    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    await opener.close(forward)


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
async def test_ipv4_and_ipv6_on_either_side(lab: Bench, ip: str) -> None:
    async with guest(echo, ip) as address:
        host = await lab.forward(address, f"[::1]:{split(free())[1]}")
        reader, writer = await asyncio.open_connection(*split(host))
        writer.write(b"six")
        assert await reader.readexactly(3) == b"six"
        writer.close()


async def test_a_unix_socket_of_the_host_is_made_with_its_directory_and_removed(lab: Bench, tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.sock"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    async with guest(echo) as address:
        await lab.forward(address, str(path))
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"unix")
        assert await reader.readexactly(4) == b"unix"
        writer.close()
        await lab.opener.close(Forward(protocol="tcp", guest=address, host=str(path), route=Route.GRPC))

    assert not path.exists()


async def test_a_forward_that_is_open_is_left_alone_and_one_that_is_closed_listens_no_more(lab: Bench) -> None:
    async with guest(echo) as address:
        host = await lab.forward(address)
        forward = Forward(protocol="tcp", guest=address, host=host, route=Route.GRPC)
        await lab.opener.open(forward)
        reader, writer = await asyncio.open_connection(*split(host))
        writer.write(b"a")
        await reader.readexactly(1)
        await lab.opener.close(forward)
        await lab.opener.close(forward)

        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*split(host))
        writer.write(b"b")
        assert await reader.readexactly(1) == b"b", "an established connection goes on"
        writer.close()
        await lab.opener.open(forward)


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
async def test_a_taken_port_is_an_error_that_says_so(lab: Bench, protocol: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        if protocol == "tcp":
            other.listen()
        host = f"127.0.0.1:{other.getsockname()[1]}"

        with pytest.raises(ForwardError, match="the host's port is in use") as caught:
            await lab.forward("127.0.0.1:80", host, protocol)
        assert caught.value.where == host
    await lab.forward("127.0.0.1:80", host, protocol)


@pytest.mark.parametrize(("guest_side", "reverse"), [("/run/x.sock", False), ("127.0.0.1:80", True)])
async def test_what_a_tunnel_cannot_do_is_an_error(lab: Bench, guest_side: str, reverse: bool) -> None:
    forward = Forward(protocol="tcp", guest=guest_side, host=free(), route=Route.GRPC, reverse=reverse)

    with pytest.raises(ForwardError, match="ports of the guest only"):
        await lab.opener.open(forward)


async def test_a_guest_that_does_not_read_stops_the_host_and_memory_stays_bounded(lab: Bench) -> None:
    go = asyncio.Event()
    total = 0

    async def read_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal total
        await go.wait()
        while data := await reader.read(65536):
            total += len(data)

    async with guest(read_late) as address:
        host = await lab.forward(address)
        _, writer = await asyncio.open_connection(*split(host))
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        block = bytes(1 << 20)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 200:
                writer.write(block)
                sent += 1
                async with asyncio.timeout(0.5):
                    await writer.drain()
        now, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert sent < 60, "somebody has read it all"
        assert now - before < 64 << 20
        go.set()
        await writer.drain()
        writer.close()
        await until(lambda: total == sent << 20)


async def test_a_host_that_does_not_read_stops_the_guest_and_only_it(lab: Bench) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < 200 << 20:
            writer.write(bytes(1 << 18))
            await writer.drain()
            sent += 1 << 18

    async with guest(flood) as address, guest(echo) as other:
        host, beside = await lab.forward(address), await lab.forward(other)
        reader, writer = await asyncio.open_connection(*split(host), limit=1024)
        await reader.readexactly(1)
        last = -1
        while sent != last:
            last = sent
            await asyncio.sleep(0.2)
        assert sent < 60 << 20

        reader, second = await asyncio.open_connection(*split(beside))
        second.write(b"alive")
        assert await reader.readexactly(5) == b"alive"
        second.close()
        writer.transport.abort()


async def test_a_storm_of_connections_resets_and_cancellations_leaves_nothing(lab: Bench) -> None:
    rnd = random.Random(1)

    async def sometimes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.read(100)
        if data[:1] == b"r":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        elif data[:1] == b"c":
            writer.close()
        else:
            await echo(reader, writer)

    async def client(host: str) -> None:
        with contextlib.suppress(OSError):  # a TimeoutError, too
            reader, writer = await asyncio.open_connection(*split(host))
            try:
                writer.write(rnd.choice([b"r", b"c", b"e" * 70_000, b""]))
                async with asyncio.timeout(rnd.choice([0.001, 0.05])):
                    await reader.read(1)
                if rnd.random() < 0.3:
                    writer.write_eof()
            finally:
                if rnd.random() < 0.5:
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                writer.transport.abort()

    async with guest(sometimes) as address:
        host = await lab.forward(address)
        await client(host)
        await until(lambda: lab.fake.open_tunnels == 0)
        gc.collect()
        tasks, descriptors = len(asyncio.all_tasks()), len(os.listdir("/dev/fd"))
        for _ in range(8):
            await asyncio.gather(*(client(host) for _ in range(50)))
        await until(lambda: lab.fake.open_tunnels == 0)
        await until(lambda: len(asyncio.all_tasks()) <= tasks)
        gc.collect()

        await until(lambda: len(os.listdir("/dev/fd")) <= descriptors)


async def test_connections_beyond_the_streams_of_the_agent_wait_for_room(tmp_path: Path) -> None:
    """grpclib's own server takes a hundred streams, as it says itself."""
    async with bench(str(tmp_path / "ga.sock")) as lab, guest(echo) as address:
        host = await lab.forward(address)

        async def once() -> None:
            reader, writer = await asyncio.open_connection(*split(host))
            writer.write(b"x")
            await reader.readexactly(1)
            await asyncio.sleep(0.02)
            writer.close()

        await asyncio.gather(*(once() for _ in range(250)))


class Collecting(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: list[tuple[bytes, tuple[str, int]]] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.append((data, addr))


async def datagram_echo() -> tuple[asyncio.DatagramTransport, str]:
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.DatagramTransport, transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.transport.sendto(data[::-1], addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    return transport, "127.0.0.1:{}".format(transport.get_extra_info("sockname")[1])


async def test_datagrams_pass_one_tunnel_for_each_peer(lab: Bench) -> None:
    loop = asyncio.get_running_loop()
    server, address = await datagram_echo()
    host = await lab.forward(address, protocol="udp")
    peers = [await loop.create_datagram_endpoint(Collecting, remote_addr=split(host)) for _ in range(3)]
    for number, (transport, _) in enumerate(peers):
        transport.sendto(b"a%d" % number)
        transport.sendto(b"b%d" % number)
    peers[0][0].sendto(bytes(65000))

    await until(lambda: [len(protocol.received) for _, protocol in peers] == [3, 2, 2])
    assert [[data for data, _ in protocol.received][:2] for _, protocol in peers] == [
        [b"%da" % number, b"%db" % number] for number in range(3)
    ]
    assert len(lab.fake.tunnels) == 3
    await lab.opener.close(Forward(protocol="udp", guest=address, host=host, route=Route.GRPC))
    await until(lambda: lab.fake.open_tunnels == 0)
    for transport, _ in peers:
        transport.close()
    server.close()
