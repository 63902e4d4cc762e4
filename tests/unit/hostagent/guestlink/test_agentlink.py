"""A hostile agent: whatever it sends costs bounded memory and a line in the log, never the host agent."""

import asyncio
import contextlib
import logging
import resource
import socket
import struct
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty
from grpclib.server import Stream
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.exceptions import ProtocolError
from hpack import Encoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limavm.hostagent.guestlink.agentlink import AgentLink, AgentLostError, connect_agent
from limavm.hostagent.guestlink.guestagent import GuestAgent
from limavm.hostagent.guestlink.tunnel import Tunnel
from limavm.hostagent.guestlink.ways import unix_socket
from limavm.model.forward import Listener
from limavm.wire.bounded import BoundedProtocol
from limavm.wire.guestservice_pb2 import Event, Info, IPPort, TunnelMessage
from tests.fakes.guestagent import FakeAgent, scripted_agent, served_agent

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)

SETTINGS = b"\0\0\0\4\0\0\0\0\0"
EVERY = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + bytes((kind, flags)) + struct.pack(">I", stream) + body


class End:
    """The host's end of a tunnel, which notes what it is told."""

    def __init__(self) -> None:
        self.data = b""
        self.told: list[str] = []

    def opened(self) -> None:
        self.told.append("opened")

    def writable(self) -> None:
        self.told.append("writable")

    def received(self, data: bytes) -> None:
        assert "closed" not in self.told
        self.data += data

    def ended(self) -> None:
        assert "ended" not in self.told
        self.told.append("ended")

    def closed(self, error: str) -> None:
        assert "closed" not in self.told
        self.told.append("closed")


@contextlib.asynccontextmanager
async def linked() -> AsyncIterator[tuple[AgentLink, socket.socket]]:
    """A connection, and the agent's end of it. Nothing may go wrong behind our backs."""
    loop = asyncio.get_running_loop()
    defects: list[object] = []
    loop.set_exception_handler(lambda _, context: defects.append(context))
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)

    async def connect(factory: Callable[[], BoundedProtocol]) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
        return await loop.create_connection(factory, sock=ours)

    link = await connect_agent(connect, "")
    try:
        yield link, theirs
    finally:
        link.close("the test is over")
        theirs.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert defects == []


async def send(theirs: socket.socket, data: bytes) -> None:
    """Send what the host takes; it hangs up when it has had enough."""
    with contextlib.suppress(OSError):
        async with asyncio.timeout(5):
            await asyncio.get_running_loop().sock_sendall(theirs, data)


async def ask(link: AgentLink) -> object:
    with contextlib.suppress(AgentLostError):
        return await link.call("GetInfo", link.stub.get_info(Empty()), 5)
    return None


frames = st.lists(
    st.builds(
        frame,
        st.integers(0, 11),
        st.integers(0, 255) | st.sampled_from([0, 1, 4, 5]),
        st.sampled_from([0, 1, 3, 2, 5, 1 << 30]),
        st.binary(max_size=40),
    ),
    max_size=12,
)


@EVERY
@given(frames, st.binary(max_size=60))
async def test_frames_of_any_kind_end_in_an_answer_or_a_lost_agent(sent: list[bytes], rest: bytes) -> None:
    async with linked() as (link, theirs):
        end = End()
        asked = asyncio.create_task(ask(link))
        await asyncio.sleep(0)
        link.protocol.start(Tunnel(TunnelMessage(id="t", protocol="tcp"), end), link.headers)
        await send(theirs, SETTINGS + b"".join(sent) + rest)
        theirs.shutdown(socket.SHUT_WR)
        await asked

        assert link.protocol.lost.is_set()
        assert "closed" in end.told


@EVERY
@given(st.binary(max_size=200))
async def test_bytes_of_any_kind_end_in_a_lost_agent(sent: bytes) -> None:
    async with linked() as (link, theirs):
        asked = asyncio.create_task(ask(link))
        await send(theirs, sent)
        theirs.shutdown(socket.SHUT_WR)

        assert await asked is None
        assert link.protocol.lost.is_set()


class Peer:
    """A server that speaks HTTP/2 well, and gRPC as the test says."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self.h2.initiate_connection()
        self.requests: list[int] = []

    async def until_asked(self, number: int) -> None:
        """Until so many streams are open."""
        async with asyncio.timeout(5):
            while len(self.requests) < number:
                await self.flush()
                data = await asyncio.get_running_loop().sock_recv(self.sock, 65536)
                for event in self.h2.receive_data(data):
                    if isinstance(event, RequestReceived):
                        self.requests.append(event.stream_id)

    async def flush(self) -> None:
        await send(self.sock, self.h2.data_to_send())


grpc_headers = st.lists(
    st.tuples(
        st.sampled_from([":status", "grpc-status", "grpc-message", "content-type", "lima-half-close", "x", "x-bin"]),
        st.sampled_from(["200", "0", "13", "-1", "999", "1", "application/grpc", "%zz%0a", "", "=="]),
    ),
    max_size=5,
)
bodies = st.lists(st.binary(max_size=30) | st.builds(lambda body: struct.pack(">BI", 0, len(body)) + body, st.binary()))


@EVERY
@given(grpc_headers, bodies, grpc_headers, st.booleans())
async def test_messages_of_any_kind_end_in_an_answer_or_a_lost_agent(
    head: list[tuple[str, str]], body: list[bytes], tail: list[tuple[str, str]], resets: bool
) -> None:
    async with linked() as (link, theirs):
        end = End()
        asked = asyncio.create_task(ask(link))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        link.protocol.start(Tunnel(TunnelMessage(id="t", protocol="tcp"), end), link.headers)
        peer = Peer(theirs)
        await peer.until_asked(2)
        for stream in peer.requests:
            with contextlib.suppress(ProtocolError):
                peer.h2.send_headers(stream, [(":status", "200"), *head])
                for data in body:
                    peer.h2.send_data(stream, data)
                if resets:
                    peer.h2.reset_stream(stream)
                else:
                    peer.h2.send_headers(stream, tail or [("x", "y")], end_stream=True)
        await peer.flush()
        theirs.shutdown(socket.SHUT_WR)
        await asked

        assert "closed" in end.told


async def flooded(link: AgentLink, theirs: socket.socket, pieces: Iterable[bytes], seconds: float = 1.0) -> float:
    """Send without end; the share of the processor that it costs us, the sender's part included."""
    began, cpu = time.monotonic(), time.process_time()
    for piece in pieces:
        if link.protocol.lost.is_set() or time.monotonic() - began > seconds:
            break
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_sendall(theirs, piece)
        await asyncio.sleep(0)
    return (time.process_time() - cpu) / (time.monotonic() - began)


def endless(piece: bytes) -> Iterable[bytes]:
    while True:
        yield piece


FLOODS = {
    "pings": frame(6, 0, 0, b"12345678") * 1000,
    "settings": frame(4, 0, 0, struct.pack(">HI", 3, 100)) * 1000,
    "windows": frame(8, 0, 0, struct.pack(">I", 1)) * 1000,
    "empty frames": frame(0, 0, 1, b"") * 1000,
    "unknown frames": frame(99, 0, 0, b"x" * 30) * 1000,
    "priorities": frame(2, 0, 1, struct.pack(">IB", 0, 1)) * 1000,
    "headers": frame(1, 4, 1, Encoder().encode([("x", "y" * 60000)])[:16000]),
    "continuations": frame(1, 0, 1, b"") + frame(9, 0, 1, b"") * 1000,
    "pushes": frame(5, 4, 1, struct.pack(">I", 2) + b"\x82") * 1000,
    "a long frame": b"\xff\xff\xff\0\0\0\0\0\1" + bytes(1 << 20),
    "goodbyes": frame(7, 0, 0, bytes(8)) * 1000,
}


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_costs_bounded_memory_and_few_lines(name: str, caplog: pytest.LogCaptureFixture) -> None:
    async with linked() as (link, theirs):
        asked = asyncio.create_task(ask(link))
        await asyncio.sleep(0)
        await send(theirs, SETTINGS)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        await flooded(link, theirs, endless(FLOODS[name]))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        link.close("enough")
        await asked

    assert peak - before < 48 << 20
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) <= 2


async def test_an_endless_flood_leaves_most_of_the_time_to_others() -> None:
    async with linked() as (link, theirs):
        await send(theirs, SETTINGS)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

        share = await flooded(link, theirs, endless(FLOODS["priorities"]), seconds=3)

    assert share < 0.75, "most of which is what this machine takes for its first second"


async def test_a_message_that_is_too_long_ends_the_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with linked() as (link, theirs):
        asked = asyncio.create_task(ask(link))
        peer = Peer(theirs)
        await peer.until_asked(1)
        peer.h2.send_headers(1, [(":status", "200"), ("content-type", "application/grpc")])
        peer.h2.send_data(1, struct.pack(">BI", 0, 0xFFFFFFFF))
        await peer.flush()

        assert await asked is None
    assert "4294967295 bytes is longer" in caplog.text


class Hostile(FakeAgent):
    """Says what no agent says, as well-formed messages."""

    def __init__(self, info: Info, event: Event) -> None:
        super().__init__()
        self.info = info
        self.event = event

    async def get_info(self, stream: Stream[Empty, Info]) -> None:
        await stream.recv_message()
        await stream.send_message(self.info)

    async def get_events(self, stream: Stream[Empty, Event]) -> None:
        await stream.recv_message()
        while True:
            await stream.send_message(self.event)


@contextlib.asynccontextmanager
async def told_by(path: Path, agent: FakeAgent) -> AsyncIterator[tuple[GuestAgent, list[frozenset[Listener]]]]:
    told: list[frozenset[Listener]] = []
    guest = GuestAgent(unix_socket(str(path / "ga.sock")), listeners=told.append)
    async with served_agent(str(path / "ga.sock"), agent):
        task = asyncio.create_task(guest.run())
        try:
            async with asyncio.timeout(10):
                await guest.wait_connected()
            yield guest, told
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_endless_events_are_taken_at_a_pace_and_complained_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = [
        IPPort(protocol="tcp\n\x1b[31m", ip="0.0.0.0", port=1),
        IPPort(protocol="tcp", ip="../../etc", port=1),
        IPPort(protocol="tcp", ip="0.0.0.0", port=-7),
    ]
    event = Event(added_local_ports=wrong, errors=["an error\nERROR of another\x1b[0m" * 10] * 1000)
    hostile = Hostile(Info(local_ports=wrong), event)
    async with told_by(tmp_path, hostile) as (guest, _):
        cpu, began = time.process_time(), time.monotonic()
        await asyncio.sleep(1.5)
        share = (time.process_time() - cpu) / (time.monotonic() - began)

        assert guest.connected
        assert guest._events <= 500
    assert share < 0.75
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 4
    assert all(line.isascii() or line.endswith("…") for line in warnings)
    assert not any("\n" in line or "\x1b" in line or len(line) > 250 for line in warnings)


async def test_a_million_ports_are_not_kept(tmp_path: Path) -> None:
    ports = [IPPort(protocol="tcp", ip="0.0.0.0", port=1 + number % 65535) for number in range(200_000)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with told_by(tmp_path, Hostile(Info(local_ports=ports), Event())) as (_, told):
        assert [len(listeners) for listeners in told] == [32768]

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < (400 << 20 if sys.platform == "darwin" else 400 << 10)


async def test_an_agent_that_never_answers_is_left_and_tried_again(tmp_path: Path) -> None:
    path = str(tmp_path / "ga.sock")
    connections = 0

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.write(SETTINGS)
        await reader.read()

    guest = GuestAgent(unix_socket(path), first_answer=(0.05,))
    async with scripted_agent(path, silence):
        task = asyncio.create_task(guest.run())
        async with asyncio.timeout(10):
            while connections < 3:
                await asyncio.sleep(0.01)
        assert not guest.answered.is_set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_agent_that_breaks_the_protocol_again_and_again_fills_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = str(tmp_path / "ga.sock")
    connections = 0

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.write(SETTINGS + frame(6, 0, 0, b"a ping has eight bytes"))
        await reader.read()

    guest = GuestAgent(unix_socket(path))
    async with scripted_agent(path, garbage):
        task = asyncio.create_task(guest.run())
        async with asyncio.timeout(10):
            while connections < 4:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
