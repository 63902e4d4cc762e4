import asyncio
import os
import sys
from collections.abc import Iterator

import pytest

from limavm.guestagent.fdtransport import FdTransport

if sys.platform == "win32":
    pytest.skip("a guest is no Windows", allow_module_level=True)


class Recorder(asyncio.Protocol):
    def __init__(self) -> None:
        self.events: list[str] = []
        self.lost = asyncio.Event()

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")
        self.lost.set()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    yield reading, writing
    os.close(reading)
    os.close(writing)


async def read(reading: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await asyncio.to_thread(os.read, reading, 65536)
    return data


async def test_what_does_not_fit_is_sent_when_there_is_room(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    data = os.urandom(1_000_000)
    protocol = Recorder()
    transport = FdTransport(writing, protocol)

    transport.write(data[:500_000])
    transport.write(data[500_000:])
    assert transport.get_write_buffer_size() > 0
    assert protocol.events == ["pause"]
    assert await read(reading, len(data)) == data

    assert protocol.events == ["pause", "resume"]
    assert transport.get_write_buffer_size() == 0


async def test_close_sends_what_is_left(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    protocol = Recorder()
    transport = FdTransport(writing, protocol)

    transport.write(bytes(200_000))
    transport.close()
    transport.write(b"too late")
    assert transport.is_closing()
    assert len(await read(reading, 200_000)) == 200_000
    await protocol.lost.wait()
    transport.close()
    transport.abort()
    await asyncio.sleep(0)

    assert protocol.events.count("lost") == 1
    os.fstat(writing)  # is the owner's


async def test_abort_sends_nothing_more(pipe: tuple[int, int]) -> None:
    _, writing = pipe
    protocol = Recorder()
    transport = FdTransport(writing, protocol)

    transport.write(bytes(200_000))
    transport.abort()
    await protocol.lost.wait()

    assert transport.get_write_buffer_size() == 0


async def test_a_descriptor_that_fails_ends_the_connection() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    protocol = Recorder()
    transport = FdTransport(writing, protocol)

    transport.write(b"x")
    await protocol.lost.wait()

    assert transport.is_closing()
    assert transport.get_write_buffer_size() == 0
    os.close(writing)


async def test_a_descriptor_that_has_failed_is_not_watched() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    FdTransport(writing, Recorder()).write(b"x")

    assert not asyncio.get_running_loop().remove_writer(writing)
    os.close(writing)
