import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest
from google.protobuf.empty_pb2 import Empty
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.server import Server, Stream
from hypothesis import given
from hypothesis import strategies as st

from limavm.wire import bounded
from limavm.wire.bounded import BoundedCodec, BoundedProtocol, Buffer, configuration
from limavm.wire.channel import BoundedChannel
from limavm.wire.guestservice_pb2 import Event, Info, Inotify, TimeSyncRequest, TimeSyncResponse, TunnelMessage
from limavm.wire.service import GuestServiceBase, GuestServiceStub
from tests.fakes.grpcpeer import Peer, message


@asynccontextmanager
async def answering(answer: Callable[[h2.connection.H2Connection, int], None]) -> AsyncIterator[GuestServiceStub]:
    """A client of a server that answers each request as told."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=False,
                header_encoding="ascii",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        connection.initiate_connection()
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    answer(connection, event.stream_id)
            writer.write(connection.data_to_send())
        writer.close()
        left.set()

    left = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, on(server) as client:
        yield client
    await left.wait()


@asynccontextmanager
async def on(server: asyncio.Server) -> AsyncIterator[GuestServiceStub]:
    """A client of a server on TCP."""
    loop = asyncio.get_running_loop()
    channel = BoundedChannel(lambda factory: loop.create_connection(factory, *server.sockets[0].getsockname()))
    try:
        yield GuestServiceStub(channel)
    finally:
        channel.close()


class Echo(GuestServiceBase):
    """Gives back what tunnels bring; GetInfo answers with as many bytes as it is told."""

    size = 10

    async def get_info(self, stream: Stream[Empty, Info]) -> None:
        await stream.recv_message()
        info = Info()
        info.local_ports.add(protocol="x" * self.size)
        await stream.send_message(info)

    async def get_events(self, stream: Stream[Empty, Event]) -> None:
        await asyncio.Event().wait()

    async def post_inotify(self, stream: Stream[Inotify, Empty]) -> None:
        raise NotImplementedError

    async def tunnel(self, stream: Stream[TunnelMessage, TunnelMessage]) -> None:
        async for received in stream:
            if received.id == "stuck":
                await asyncio.Event().wait()
            await stream.send_message(received)

    async def sync_time(self, stream: Stream[TimeSyncRequest, TimeSyncResponse]) -> None:
        raise NotImplementedError


class EchoServer(Server):
    def _protocol_factory(self) -> BoundedProtocol:
        protocol = super()._protocol_factory()
        return BoundedProtocol(protocol.handler, self._config, self._h2_config)


@asynccontextmanager
async def serving(path: Path, echo: Echo | None = None) -> AsyncIterator[str]:
    server = EchoServer([echo or Echo()], codec=BoundedCodec(), config=configuration())
    await server.start(path=str(path / "s"))
    try:
        yield str(path / "s")
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def stub(path: str) -> AsyncIterator[GuestServiceStub]:
    loop = asyncio.get_running_loop()
    channel = BoundedChannel(lambda factory: loop.create_unix_connection(factory, path))
    try:
        yield GuestServiceStub(channel)
    finally:
        channel.close()


async def test_client_and_server_understand_each_other(tmp_path: Path) -> None:
    async with serving(tmp_path) as path, stub(path) as client, client.tunnel.open() as stream:
        await stream.send_message(TunnelMessage(data=b"x" * 1_000_000))
        answer = await stream.recv_message()
        await stream.end()
        assert await stream.recv_message() is None

    assert answer is not None
    assert len(answer.data) == 1_000_000


async def test_a_client_refuses_a_message_that_is_too_long(tmp_path: Path) -> None:
    echo = Echo()
    echo.size = bounded.MAX_MESSAGE

    async with serving(tmp_path, echo) as path, stub(path) as client:
        with pytest.raises(GRPCError, match="longer than") as caught:
            await client.get_info(Empty())
        echo.size = 10
        assert (await client.get_info(Empty())).local_ports

    assert caught.value.status is Status.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (message(b"", length=bounded.MAX_MESSAGE + 1), Status.RESOURCE_EXHAUSTED),
        (message(b"", length=0xFFFFFFFF), Status.RESOURCE_EXHAUSTED),
        (message(b"abc", compressed=True), Status.UNIMPLEMENTED),
        (message(b"\xff\xff\xff"), Status.INVALID_ARGUMENT),
        (message(b"\x0a\x02\xff\xff"), Status.INVALID_ARGUMENT),
    ],
)
async def test_a_server_refuses_a_bad_message_by_a_status(tmp_path: Path, body: bytes, status: Status) -> None:
    async with serving(tmp_path) as path:
        peer = await Peer.connected(path)
        peer.h2.send_data(peer.open("Tunnel"), body)
        await peer.flush()
        headers = await peer.headers("ResponseReceived")
        await peer.close()

    assert dict(headers)["grpc-status"] == str(status.value)


async def test_a_message_cut_off_by_the_streams_end_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as path:
        peer = await Peer.connected(path)
        peer.h2.send_data(peer.open("Tunnel"), message(b"abc", length=10), end_stream=True)
        await peer.flush()
        headers = await peer.headers("ResponseReceived")
        await peer.close()

    assert dict(headers)["grpc-status"] == str(Status.INTERNAL.value)


async def test_empty_and_tiny_frames_make_a_message(tmp_path: Path) -> None:
    async with serving(tmp_path) as path:
        peer = await Peer.connected(path)
        stream = peer.open("Tunnel")
        for byte in message(TunnelMessage(data=b"hello").SerializeToString()):
            peer.h2.send_data(stream, b"")
            peer.h2.send_data(stream, bytes([byte]), pad_length=3)
        await peer.flush()
        await peer.headers("DataReceived")
        await peer.close()


async def test_a_stream_that_nobody_reads_does_not_hold_up_others(tmp_path: Path) -> None:
    async def fill(client: GuestServiceStub) -> None:
        async with client.tunnel.open() as stream:
            await stream.send_message(TunnelMessage(id="stuck"))
            while True:
                await stream.send_message(TunnelMessage(data=bytes(65536)))

    async with serving(tmp_path) as path, stub(path) as client:
        stuck = [asyncio.ensure_future(fill(client)) for _ in range(50)]
        await asyncio.wait(stuck, timeout=0.1)
        async with client.tunnel.open() as stream:
            for _ in range(20):
                await stream.send_message(TunnelMessage(data=bytes(65536)))
                assert await stream.recv_message() is not None
            await stream.end()
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def test_hundreds_of_busy_streams_never_leave_more_unsent_than_a_peer_may_leave_unread(tmp_path: Path) -> None:
    # All at once they have more to say than `_MAX_UNSENT`.
    data = bytes(64 << 10)
    opened = asyncio.Barrier(300)

    async def busy(client: GuestServiceStub) -> int:
        async with client.tunnel.open() as stream:
            await stream.send_message(TunnelMessage())
            await stream.recv_message()
            await opened.wait()
            for _ in range(3):
                await stream.send_message(TunnelMessage(data=data))
            answers = [await stream.recv_message() for _ in range(3)]
            await stream.end()
            return sum(len(answer.data) for answer in answers if answer)

    async with serving(tmp_path) as path, stub(path) as client:
        received = await asyncio.gather(*(busy(client) for _ in range(300)))

    assert set(received) == {3 * len(data)}


async def test_an_overlong_frame_is_refused_before_it_has_come(tmp_path: Path) -> None:
    async with serving(tmp_path) as path:
        peer = await Peer.connected(path)
        peer.writer.write(b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(bounded.MAX_FRAME + 1))
        await peer.headers("ConnectionTerminated")
        await peer.close()


async def test_unknown_frames_are_passed_over(tmp_path: Path) -> None:
    async with serving(tmp_path) as path:
        peer = await Peer.connected(path)
        peer.writer.write(b"\x00\x00\x04\xee\x00\x00\x00\x00\x00abcd")
        peer.h2.send_data(peer.open("GetInfo"), message(b""), end_stream=True)
        await peer.flush()
        assert dict(await peer.headers("TrailersReceived"))["grpc-status"] == "0"
        await peer.close()


async def test_a_peer_that_reads_no_answers_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_MAX_UNSENT", 1 << 20)
    ping = b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8)

    async def send(peer: Peer) -> None:
        for _ in range(500):
            peer.writer.write(ping * 1000)
            await peer.writer.drain()

    async with serving(tmp_path) as path:
        peer = await Peer.connected(path)
        with pytest.raises(ConnectionError):
            await send(peer)
        await peer.close()


@pytest.mark.parametrize(
    "headers", [[("te", "trailers")], [(":method", "POST")], [(":method", "POST"), (":path", "/x"), ("a-bin", "abcde")]]
)
async def test_a_request_whose_headers_make_no_sense_is_reset(
    tmp_path: Path, headers: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path) as path:
        peer = await Peer.connected(path)
        peer.h2.config.validate_outbound_headers = False
        peer.h2.config.normalize_outbound_headers = False
        peer.h2.send_headers(1, headers)
        await peer.flush()
        assert await peer.next("StreamReset") is not None
        await peer.close()

    assert not [record for record in caplog.records if record.exc_info]


async def test_a_header_that_is_no_text_ends_the_connection(tmp_path: Path) -> None:
    async with serving(tmp_path) as path:
        peer = await Peer.connected(path)
        peer.h2.config.header_encoding = "latin-1"
        peer.open("GetInfo", ("x-name", "\xe4"))
        await peer.flush()
        assert await peer.next("ConnectionTerminated") is not None
        await peer.close()


async def test_a_lost_connection_ends_calls(tmp_path: Path) -> None:
    async with serving(tmp_path) as path, stub(path) as client, client.tunnel.open() as stream:
        await stream.send_message(TunnelMessage())
        assert await stream.recv_message() is not None
        assert stream.peer is not None
        stream.peer._transport.abort()
        with pytest.raises(StreamTerminatedError):
            await stream.recv_message()


@given(chunks=st.lists(st.binary(max_size=20), max_size=20), sizes=st.lists(st.integers(0, 30), max_size=30))
def test_a_buffer_gives_back_every_byte_once_and_holds_no_more_than_was_granted(
    chunks: list[bytes], sizes: list[int]
) -> None:
    async def check() -> None:
        given_back: list[int] = []
        buffer = Buffer(given_back.append)
        for chunk in chunks:
            buffer.add(chunk, len(chunk) + 2)
        buffer.eof()
        read = b"".join([await buffer.read(size) for size in sizes])
        everything = b"".join(chunks)
        assert read == everything[: sum(sizes)]
        kept = len(everything) - len(read)
        assert sum(len(chunk) + 2 for chunk in chunks) - sum(given_back) in (kept, kept + 2 * len(chunks))
        assert sum(given_back) + buffer.unacked_size() == sum(len(chunk) + 2 for chunk in chunks)

    asyncio.run(check())


@pytest.mark.parametrize("seed", range(8))
async def test_garbage_ends_its_own_connection_only(tmp_path: Path, seed: int) -> None:
    async with serving(tmp_path) as path, stub(path) as client:
        assert (await client.get_info(Empty())).local_ports
        peer = await Peer.connected(path)
        peer.writer.write(os.urandom(1 << seed * 2))
        peer.writer.write_eof()
        await peer.reader.read()
        await peer.close()
        assert (await client.get_info(Empty())).local_ports


async def test_an_answer_that_is_complete_is_read_though_the_rest_of_the_request_is_refused(tmp_path: Path) -> None:
    """As grpc-go's server does when its handler returns early."""

    def answer(connection: h2.connection.H2Connection, stream: int) -> None:
        connection.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
        for _ in range(3):
            connection.send_data(stream, message(TunnelMessage(data=b"x" * 1000).SerializeToString()))
        connection.send_headers(stream, [("grpc-status", "0")], end_stream=True)
        connection.reset_stream(stream)

    async with answering(answer) as client:
        stream = client.tunnel.open()
        async with stream:
            await stream.send_request()
            got = [await stream.recv_message() for _ in range(4)]
            stream._end_done = True

    assert [len(part.data) if part else None for part in got] == [1000, 1000, 1000, None]


@pytest.mark.parametrize(
    "headers", [[("grpc-status", "0")], [(":status", "200"), ("content-type", "application/grpc"), ("a-bin", "abcde")]]
)
async def test_an_answer_whose_headers_make_no_sense_ends_the_call(headers: list[tuple[str, str]]) -> None:
    def answer(connection: h2.connection.H2Connection, stream: int) -> None:
        connection.send_headers(stream, headers)

    async with answering(answer) as client:
        with pytest.raises(StreamTerminatedError):
            await client.get_info(Empty())
