"""A pair of FIFOs is a port as the kernel shows it: without a writer a read returns nothing, and poll says hang-up."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from limavm.guestagent.ports import Port
from limavm.guestagent.serialport import SerialPort
from limavm.guestagent.server import GuestService
from limavm.guestagent.serving import AgentServer
from tests.fakes.grpcpeer import Peer
from tests.unit.guestagent.agent import FakeListeners

if sys.platform != "linux":
    pytest.skip("a guest is Linux", allow_module_level=True)


Connect = Callable[..., Awaitable["Host"]]


class Host(Peer):
    """The host's side; `close` hangs up."""

    incoming: asyncio.ReadTransport
    greeting: bytes = b""

    @classmethod
    async def at(cls, directory: Path, *, greet: bool = True) -> "Host":
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        # Reading and writing, so that a FIFO opens and stays open whatever the guest does.
        incoming = os.fdopen(os.open(directory / "to-host", os.O_RDWR | os.O_NONBLOCK), "rb", 0)
        receiving, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), incoming)
        outgoing = os.fdopen(os.open(directory / "to-guest", os.O_WRONLY | os.O_NONBLOCK), "wb", 0)
        transport, protocol = await loop.connect_write_pipe(
            lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), outgoing
        )
        host = cls(reader, asyncio.StreamWriter(transport, protocol, None, loop))
        host.incoming = receiving
        if greet:
            await host.flush()
        else:
            host.greeting = host.h2.data_to_send()
        return host

    async def close(self) -> None:
        self.incoming.close()
        self.writer.transport.abort()
        await asyncio.sleep(0)


@asynccontextmanager
async def port(directory: Path) -> AsyncIterator[tuple[Connect, AgentServer]]:
    """What connects to the port, and the server behind it."""
    for name in ("to-guest", "to-host"):
        os.mkfifo(directory / name)
    incoming = os.open(directory / "to-guest", os.O_RDONLY | os.O_NONBLOCK)
    outgoing = os.open(directory / "to-host", os.O_RDWR | os.O_NONBLOCK)
    server = AgentServer(GuestService(FakeListeners(Port("tcp", "127.0.0.1", 80)), str(directory)))
    serving = asyncio.ensure_future(SerialPort(incoming, outgoing, server.protocol).serve())
    await asyncio.sleep(0)
    try:
        yield lambda **how: Host.at(directory, **how), server
    finally:
        await server.stop()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        os.close(incoming)
        os.close(outgoing)


async def answered(host: Host) -> bool:
    return (await host.call("GetInfo", b""))["grpc-status"] == "0"


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


async def test_a_host_is_served(tmp_path: Path) -> None:
    async with port(tmp_path) as (connect, _):
        host = await connect()
        assert await answered(host)
        assert await answered(host)
        await host.close()


async def test_after_a_hang_up_another_connection_is_served(tmp_path: Path) -> None:
    async with port(tmp_path) as (connect, server):
        for _ in range(3):
            host = await connect()
            assert await answered(host)
            await host.close()
            await until(lambda: not server.connections)


async def test_a_host_that_begins_anew_before_we_looked_is_served(tmp_path: Path) -> None:
    async with port(tmp_path) as (connect, server):
        old = await connect()
        assert await answered(old)
        events = old.open("GetEvents")
        old.h2.send_data(events, bytes(5), end_stream=True)
        await old.flush()
        await old.next("DataReceived")
        # The new one is there before the old one has gone, so the port never hangs up.
        old.incoming.close()
        new = await connect()
        old.writer.transport.abort()
        assert await answered(new)
        assert len(server.connections) == 1
        await new.close()


async def test_an_agent_that_starts_tells_a_host_that_believes_in_an_older_one(tmp_path: Path) -> None:
    async with port(tmp_path) as (connect, _):
        host = await connect(greet=False)
        host.writer.write(b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8))
        assert await host.next("ConnectionTerminated") is not None
        await host.close()


async def test_garbage_is_answered_once_and_a_new_connection_served(tmp_path: Path) -> None:
    async with port(tmp_path) as (connect, server):
        host = await connect(greet=False)
        host.writer.write(b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8))
        assert await host.next("ConnectionTerminated") is not None
        host.writer.write(bytes(1000))
        await until(lambda: not server.connections)
        host.incoming.close()
        again = await connect()
        host.writer.transport.abort()
        assert await answered(again)
        await again.close()


async def test_a_new_connection_is_seen_behind_the_rest_of_one_that_was_closed(tmp_path: Path) -> None:
    async with port(tmp_path) as (connect, server):
        old = await connect()
        assert await answered(old)
        old.h2.ping(bytes(8))
        rest = old.h2.data_to_send()
        await server.stop()
        assert await old.next("ConnectionTerminated") is not None
        old.incoming.close()
        # The host leaves and comes back before we look, so its last words and its first ones come in one piece.
        new = await connect(greet=False)
        new.writer.write(rest + new.greeting)
        old.writer.transport.abort()
        assert await asyncio.wait_for(answered(new), 10)
        await new.close()


async def test_waiting_for_the_host_costs_nothing(tmp_path: Path) -> None:
    async with port(tmp_path) as (connect, server):
        host = await connect()
        assert await answered(host)
        await host.close()
        await until(lambda: not server.connections)
        before = time.process_time()
        await asyncio.sleep(0.2)
        spent = time.process_time() - before

    assert spent < 0.1


async def test_a_device_that_fails_is_told(tmp_path: Path) -> None:
    server = AgentServer(GuestService(FakeListeners(), str(tmp_path)))
    # A directory can be opened, and not be read; epoll does not take it either.
    fd = os.open(tmp_path, os.O_RDONLY)

    with pytest.raises(OSError, match="not permitted"):
        await SerialPort(fd, fd, server.protocol).serve()

    os.close(fd)
