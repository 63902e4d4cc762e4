import asyncio
import json
import logging
from pathlib import Path
from random import Random

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from grpclib.exceptions import GRPCError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limavm.guestagent.inotify import Signals
from limavm.guestagent.ports import Port
from limavm.wire.guestservice_pb2 import Event, Inotify, TimeSyncRequest
from limavm.wire.service import HALF_CLOSE_KEY
from tests.fakes.grpcpeer import Peer, message, number, text
from tests.unit.guestagent.agent import FakeClock, FakeListeners, agent, client

A, B, C = Port("tcp", "127.0.0.1", 80), Port("udp", "::", 53, v6only=True), Port("tcp", "0.0.0.0", 22)
METHODS = ("GetInfo", "GetEvents", "PostInotify", "Tunnel", "SyncTime")


def ports_of(event: Event | None) -> tuple[set[int], set[int]]:
    assert event is not None
    return {port.port for port in event.added_local_ports}, {port.port for port in event.removed_local_ports}


async def test_get_info_tells_everything(tmp_path: Path) -> None:
    async with agent(tmp_path, FakeListeners(A, B)) as (path, _), client(path) as stub:
        info = await stub.get_info(Empty())

    assert {Port(port.protocol, port.ip, port.port, port.v6only) for port in info.local_ports} == {A, B}


async def test_a_client_written_from_the_proto_is_understood(tmp_path: Path) -> None:
    async with agent(tmp_path, FakeListeners(A)) as (path, _):
        peer = await Peer.connected(path)
        peer.h2.send_data(peer.open("GetInfo"), message(b""), end_stream=True)
        await peer.flush()
        data = getattr(await peer.next("DataReceived"), "data", b"")
        await peer.close()

    assert data == message(text(1, text(1, "tcp") + text(2, "127.0.0.1") + number(3, 80)))


async def test_events_tell_every_change(tmp_path: Path) -> None:
    listeners = FakeListeners(A)

    async with agent(tmp_path, listeners) as (path, _), client(path) as stub, stub.get_events.open() as stream:
        await stream.send_message(Empty())
        assert ports_of(await stream.recv_message()) == ({80}, set())
        listeners.set(A, B)
        assert ports_of(await stream.recv_message()) == ({53}, set())
        listeners.set(C)
        assert ports_of(await stream.recv_message()) == ({22}, {53, 80})
        await stream.cancel()


async def first_event(path: str) -> Event | None:
    async with client(path) as stub, stub.get_events.open() as stream:
        await stream.send_message(Empty())
        event = await stream.recv_message()
        await stream.cancel()
        return event


async def test_a_new_stream_begins_with_the_difference_to_the_one_before(tmp_path: Path) -> None:
    listeners = FakeListeners(A, B)

    async with agent(tmp_path, listeners) as (path, _):
        assert ports_of(await first_event(path)) == ({80, 53}, set())
    listeners.set(B, C)
    async with agent(tmp_path, listeners) as (path, _):
        assert ports_of(await first_event(path)) == ({22}, {80})

    state = json.loads((tmp_path / "run" / "event-state.json").read_text())
    assert {entry["port"] for entry in state["ports"]} == {22, 53}


async def test_what_only_get_info_told_is_removed_by_the_first_event(tmp_path: Path) -> None:
    listeners = FakeListeners(A, B)

    async with agent(tmp_path, listeners) as (path, _):
        async with client(path) as stub:
            await stub.get_info(Empty())
        listeners.set(B)
        event = await first_event(path)

    assert ports_of(event) == ({53}, {80})


async def test_several_hosts_are_told_at_the_same_time(tmp_path: Path) -> None:
    listeners = FakeListeners(A)

    async with (
        agent(tmp_path, listeners) as (path, _),
        client(path) as one,
        client(path) as other,
        one.get_events.open() as first,
        other.get_events.open() as second,
    ):
        for stream in (first, second):
            await stream.send_message(Empty())
        await first.recv_message()
        listeners.set(A, C)
        assert ports_of(await first.recv_message()) == ({22}, set())
        while 22 not in ports_of(await second.recv_message())[0]:
            pass
        await first.cancel()
        await second.cancel()


async def test_an_error_is_told(tmp_path: Path) -> None:
    async with (
        agent(tmp_path, FakeListeners(A)) as (path, service),
        client(path) as stub,
        stub.get_events.open() as stream,
    ):
        await stream.send_message(Empty())
        await stream.recv_message()
        for _ in range(50):
            service.tell_error("no more sockets" + "!" * 5000)
        event = await stream.recv_message()
        await stream.cancel()

    assert event is not None
    assert event.errors[0].startswith("no more sockets")
    assert event.ByteSize() < 50_000


async def test_thirty_thousand_ports_are_told(tmp_path: Path) -> None:
    ports = [Port("tcp", "2001:db8:1111:2222:3333:4444:5555:6666", port) for port in range(1, 32769)]

    async with agent(tmp_path, FakeListeners(*ports)) as (path, _), client(path) as stub:
        info = await stub.get_info(Empty())
        got = 0
        async with stub.get_events.open() as stream:
            await stream.send_message(Empty())
            while got < len(ports):
                got += len(ports_of(await stream.recv_message())[0])
            await stream.cancel()

    assert len(info.local_ports) == len(ports)


async def test_listeners_that_cannot_be_found_out_are_a_status(tmp_path: Path) -> None:
    class Broken(FakeListeners):
        async def now(self) -> frozenset[Port]:
            raise OSError("no netlink")

    async with agent(tmp_path, Broken()) as (path, _), client(path) as stub:
        with pytest.raises(GRPCError, match="no netlink"):
            await stub.get_info(Empty())


async def test_inotify_goes_on_after_a_bad_path(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    signals = Signals(lambda path, when: told.append((path, when)))

    async with agent(tmp_path, signals=signals) as (path, _), client(path) as stub:
        await stub.post_inotify([Inotify(mount_path="bad"), Inotify(mount_path="/f", time=Timestamp(seconds=17))])

    assert told == [("/f", 17 * 10**9)]


async def test_the_clock_is_set(tmp_path: Path) -> None:
    clock = FakeClock(5 * 10**9)

    async with agent(tmp_path, clock=clock) as (path, _), client(path) as stub:
        answer = await stub.sync_time(TimeSyncRequest(host_time=Timestamp(seconds=1_800_000_000, nanos=7)))

    assert answer.adjusted
    assert clock.now == 1_800_000_000 * 10**9 + 7


@pytest.mark.parametrize("method", METHODS)
async def test_a_request_without_a_message_ends_with_a_status(tmp_path: Path, method: str) -> None:
    async with agent(tmp_path) as (path, _):
        peer = await Peer.connected(path)
        peer.h2.end_stream(peer.open(method))
        await peer.flush()
        headers = await peer.headers()
        if "grpc-status" not in headers:
            headers = await peer.headers("TrailersReceived")
        await peer.close()

    assert headers["grpc-status"].isdigit()


calls = st.tuples(st.sampled_from([*METHODS, "Other", ""]), st.binary(max_size=200), st.booleans())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(calls | st.binary(max_size=200), max_size=8), cut=st.none() | st.integers(0, 400))
def test_no_bytes_break_the_server(
    tmp_path: Path, parts: list[tuple[str, bytes, bool] | bytes], cut: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages that are none, garbage between frames, frames that are cut off: other connections go on."""

    async def check() -> None:
        async with agent(tmp_path, FakeListeners(A)) as (path, _), client(path) as stub:
            peer = await Peer.connected(path)
            data = b""
            for part in parts:
                if isinstance(part, tuple):
                    method, body, framed = part
                    peer.h2.send_data(peer.open(method), message(body) if framed else body, end_stream=framed)
                    data += peer.h2.data_to_send()
                else:
                    data += part
            peer.writer.write(data[:cut])
            if peer.writer.can_write_eof():
                peer.writer.write_eof()
            await peer.reader.read()
            await peer.close()
            assert (await stub.get_info(Empty())).local_ports

    caplog.clear()
    with caplog.at_level(logging.WARNING):
        asyncio.run(check())
    assert not [record for record in caplog.records if record.exc_info], "a peer's mistake is no defect of ours"
    assert all(len(record.getMessage()) < 500 for record in caplog.records)


def session(peer: Peer, random: Random) -> bytearray:
    """Some sound calls, with a few bytes changed, lost or put in."""
    bodies = {
        "Tunnel": text(2, "udp") + text(4, "127.0.0.1:9"),
        "PostInotify": text(1, "/x"),
        "SyncTime": text(1, number(1, 5)),
    }
    for _ in range(random.randrange(1, 6)):
        method = random.choice(METHODS)
        stream = peer.open(method, (HALF_CLOSE_KEY, "1"))
        peer.h2.send_data(stream, message(bodies.get(method, b"")), end_stream=random.random() < 0.5)
        if random.random() < 0.3:
            peer.h2.reset_stream(stream)
    data = bytearray(peer.h2.data_to_send())
    for _ in range(random.randrange(5)):
        at = random.randrange(len(data))
        match random.randrange(3):
            case 0:
                data[at] = random.randrange(256)
            case 1:
                del data[at : at + random.randrange(1, 30)]
            case _:
                data[at:at] = random.randbytes(random.randrange(1, 30))
    return data


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=True))
def test_no_change_to_a_session_breaks_the_server(
    tmp_path: Path, random: Random, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        async with agent(tmp_path, FakeListeners(A)) as (path, _), client(path) as stub:
            peer = await Peer.connected(path)
            peer.writer.write(session(peer, random))
            if random.random() < 0.5:
                peer.writer.write_eof()
            await peer.writer.drain()
            await asyncio.wait({asyncio.ensure_future(peer.reader.read())}, timeout=0.01)
            await peer.close()
            assert (await stub.get_info(Empty())).local_ports

    caplog.clear()
    asyncio.run(check())
    assert not [record for record in caplog.records if record.exc_info], "a peer's mistake is no defect of ours"
