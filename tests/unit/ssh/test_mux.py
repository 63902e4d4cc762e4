"""Orders to an ssh control master: a small master written from the protocol stands in for OpenSSH's."""

import asyncio
import os
import struct
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.host.net import free_tcp_port
from limavm.ssh.mux import Forwarding, Mux, MuxError
from tests.fakes.mux import FakeMaster

if sys.platform == "win32":
    pytest.skip("there is no control master on Windows", allow_module_level=True)


@pytest.fixture
async def master(tmp_path: Path) -> AsyncIterator[FakeMaster]:
    async with FakeMaster(str(tmp_path / "ssh.sock")).serving() as master:
        yield master


async def said_by(address: str) -> bytes:
    """What comes back through a forward: the service behind answers once we have said all."""
    if address.startswith("/"):
        reader, writer = await asyncio.open_unix_connection(address)
    else:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    writer.write(b"question")
    writer.write_eof()
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"answer to " + await reader.read())
    await writer.drain()
    writer.close()


async def test_the_master_tells_its_pid(master: FakeMaster) -> None:
    assert await Mux(master.path).pid() == os.getpid()


@pytest.mark.parametrize("listens", ["port", "socket"])
@pytest.mark.parametrize("answers", ["port", "socket"])
@pytest.mark.parametrize("remote", [False, True])
async def test_ports_and_sockets_are_forwarded_in_both_directions(
    master: FakeMaster, tmp_path: Path, listens: str, answers: str, remote: bool
) -> None:
    if answers == "port":
        server = await asyncio.start_server(answering, "127.0.0.1", 0)
        connect = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        connect = str(tmp_path / "service")
        server = await asyncio.start_unix_server(answering, connect)
    listen = f"127.0.0.1:{free_tcp_port()}" if listens == "port" else str(tmp_path / "listens")
    forwarding = Forwarding(listen=listen, connect=connect, remote=remote)

    async with server:
        await Mux(master.path).open(forwarding)
        assert await said_by(listen) == b"answer to question"
        await Mux(master.path).close(forwarding)

    with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        await said_by(listen)


async def test_an_ipv6_address_is_sent_without_its_brackets(master: FakeMaster) -> None:
    master.refuses = "no"

    with pytest.raises(MuxError):
        await Mux(master.path).open(Forwarding(listen="[::1]:80", connect="[::]:80"))
    master.refuses = ""
    with pytest.raises(MuxError, match="not forwarded"):
        await Mux(master.path).close(Forwarding(listen="[::1]:80", connect="[::]:80"))

    assert master.log == ["close ::1:80"]


async def test_the_port_that_the_guest_chose_is_returned(master: FakeMaster) -> None:
    forwarding = Forwarding(listen="127.0.0.1:0", connect="/nobody", remote=True)

    port = await Mux(master.path).open(forwarding)

    assert port == next(iter(master.forwards.values())).sockets[0].getsockname()[1]


async def test_opening_twice_is_harmless_and_closing_twice_is_refused(master: FakeMaster, tmp_path: Path) -> None:
    forwarding = Forwarding(listen=str(tmp_path / "listens"), connect="127.0.0.1:1")
    mux = Mux(master.path)
    await mux.open(forwarding)
    await mux.open(forwarding)
    await mux.close(forwarding)

    with pytest.raises(MuxError, match="port not forwarded") as refused:
        await mux.close(forwarding)

    assert not refused.value.lost


async def test_many_orders_at_once_find_room_at_a_master_that_lets_few_wait(master: FakeMaster) -> None:
    mux = Mux(master.path)

    assert set(await asyncio.gather(*(mux.pid() for _ in range(300)))) == {os.getpid()}
    assert master.connections == 300


async def test_orders_to_end_are_understood(master: FakeMaster) -> None:
    await Mux(master.path).stop_listening()
    await Mux(master.path).terminate()

    assert master.log == ["order 0x10000009", "order 0x10000005"]


async def test_a_master_that_is_not_there_or_does_not_answer_is_lost(master: FakeMaster, tmp_path: Path) -> None:
    master.deaf = True
    with pytest.raises(MuxError, match=r"did not answer within 0\.05 s") as silent:
        await Mux(master.path, limit=0.05).pid()
    with pytest.raises(MuxError, match="cannot be asked") as absent:
        await Mux(str(tmp_path / "nowhere")).pid()

    assert silent.value.lost
    assert absent.value.lost


@pytest.mark.parametrize("address", ["", "80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "/a\0b", "/" * 5000])
async def test_what_is_no_address_never_reaches_the_master(master: FakeMaster, address: str) -> None:
    with pytest.raises(MuxError, match="cannot be the address"):
        await Mux(master.path).open(Forwarding(listen=address, connect="127.0.0.1:1"))

    assert master.connections == 0


@given(st.binary(max_size=200))
async def test_garbage_instead_of_a_greeting_is_one_kind_of_error(garbage: bytes) -> None:
    await expect_nonsense(garbage)


@given(st.lists(st.binary(max_size=40), max_size=20), st.sampled_from([0x80000001, 0x80000003, 0x80000005, 7]))
async def test_garbage_after_the_greeting_is_one_kind_of_error(packets: list[bytes], kind: int) -> None:
    framed = [struct.pack(">I", len(one) + 4) + struct.pack(">I", kind) + one for one in packets]
    await expect_nonsense(struct.pack(">III", 8, 1, 4) + b"".join(framed))


async def test_an_endless_packet_is_not_read(tmp_path: Path) -> None:
    await expect_nonsense(b"\xff" * (1 << 20))


async def test_the_words_of_a_refusal_carry_no_orders_to_a_terminal() -> None:
    words = b"\x1b[2Jno\r\n"

    def refusal(order: bytes) -> bytes:
        body = struct.pack(">I", 0x80000003) + order[20:24] + struct.pack(">I", len(words)) + words
        return struct.pack(">IIII", 8, 1, 4, len(body)) + body

    with pytest.raises(MuxError) as refused:
        await asked(refusal)

    assert refused.value.message == "the ssh master refused:  [2Jno   (alive check)"


async def expect_nonsense(answer: bytes) -> None:
    with pytest.raises(MuxError):
        await asked(lambda _: answer)


class Speaker(asyncio.Protocol):
    """A master that says one thing, once it has heard an order."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.heard = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert self.transport
        self.heard += data
        if len(self.heard) >= 24:
            self.transport.write(self.answer(self.heard))
            self.transport.write_eof()


async def asked(answer: Callable[[bytes], bytes]) -> int:
    """Ask a master that gives this answer for its PID."""
    path = f"/tmp/limavm-mux-{os.getpid()}.sock"
    server = await asyncio.get_running_loop().create_unix_server(lambda: Speaker(answer), path)
    try:
        async with server:
            return await Mux(path, limit=5).pid()
    finally:
        Path(path).unlink(missing_ok=True)
