"""/v1/ports: the list, its stream, and clients that leave, stall or are not ours."""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from limavm.hostagent.api import Handler, error_response, serving
from limavm.hostagent.client import AgentError, ports, watch_ports
from limavm.hostagent.forwarding.api import ports_handler
from limavm.model.forward import PortState, PortStatus, Route
from tests.unit.hostagent.test_api import ask, serve_once

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)

WEB = PortStatus(
    protocol="tcp",
    guest_addr="0.0.0.0:80",
    host_addr="127.0.0.1:80",
    state=PortState.FAILED,
    route=Route.HOSTFWD,
    reason="the port is taken",
    holder="nginx (PID 71)",
)
ODD = PortStatus(protocol="tcp", guest_addr="172.17.0.1:5", state=PortState.IGNORED, reason="no rule matches\x1b[2J")


class Board:
    """Ports that change when a test says so."""

    def __init__(self, *now: PortStatus) -> None:
        self.now = list(now)
        self.watchers = 0
        self.looks = 0
        self._event = asyncio.Event()
        self.left = asyncio.Event()

    def ports(self) -> list[PortStatus]:
        self.looks += 1
        return self.now

    async def changed(self) -> None:
        self.watchers += 1
        try:
            await self._event.wait()
        finally:
            self.watchers -= 1
            if not self.watchers:
                self.left.set()

    def change(self, *now: PortStatus) -> None:
        self.now = list(now)
        self._event.set()
        self._event = asyncio.Event()

    def handler(self) -> Handler:
        return ports_handler(self.ports, self.changed, pause=0)


@contextlib.asynccontextmanager
async def agent(path: Path, board: Board, *, stalled: float = 60) -> AsyncIterator[str]:
    async with serving(str(path / "ha.sock"), {"/v1/ports": board.handler()}, stalled=stalled):
        yield str(path / "ha.sock")


async def following(lists: Iterator[tuple[PortStatus, ...]]) -> tuple[PortStatus, ...]:
    """The next list, read beside the loop that serves it."""
    return await asyncio.to_thread(next, lists)


async def test_the_list_is_told(tmp_path: Path) -> None:
    async with agent(tmp_path, Board(WEB, ODD)) as path:
        assert await asyncio.to_thread(ports, path) == (WEB, ODD)


async def test_members_that_say_nothing_are_left_out(tmp_path: Path) -> None:
    async with agent(tmp_path, Board(ODD)) as path:
        answer = await ask(Path(path), b"GET /v1/ports HTTP/1.1\r\nHost: x\r\n\r\n")

    (shown,) = json.loads(answer.partition(b"\r\n\r\n")[2])["ports"]
    assert set(shown) == {"protocol", "guestAddr", "state", "reason"}


@pytest.mark.parametrize(("query", "status"), [("watch=maybe", b"400"), ("watch=false", b"200"), ("x=1", b"200")])
async def test_what_watch_may_be(query: str, status: bytes, tmp_path: Path) -> None:
    async with agent(tmp_path, Board()) as path:
        answer = await ask(Path(path), f"GET /v1/ports?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert answer.split()[1] == status


async def test_a_stream_begins_with_the_list_and_goes_on_at_each_change(tmp_path: Path) -> None:
    board = Board(WEB)
    async with agent(tmp_path, board) as path:
        lists = watch_ports(path)
        assert await following(lists) == (WEB,)

        board.change(WEB, ODD)
        assert await following(lists) == (WEB, ODD)
        board.change()
        assert await following(lists) == ()
        lists.close()
        await board.left.wait()


async def test_a_change_that_changes_nothing_is_not_told(tmp_path: Path) -> None:
    board = Board(WEB)
    async with agent(tmp_path, board) as path:
        lists = watch_ports(path)
        await following(lists)

        board.change(WEB)
        board.change(ODD)
        assert await following(lists) == (ODD,)


async def test_a_long_list_passes(tmp_path: Path) -> None:
    many = [PortStatus(protocol="tcp", guest_addr=f"0.0.0.0:{n}", state=PortState.PENDING) for n in range(20_000)]
    async with agent(tmp_path, Board(*many)) as path:
        assert len(await following(watch_ports(path))) == 20_000
        assert len(await asyncio.to_thread(ports, path)) == 20_000


async def test_an_older_client_gets_the_stream_without_chunks(tmp_path: Path) -> None:
    board = Board(WEB)
    async with agent(tmp_path, board) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"GET /v1/ports?watch=true HTTP/1.0\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        line = await reader.readline()
        writer.close()

    assert b"chunked" not in head.lower()
    assert json.loads(line)["ports"][0]["holder"] == "nginx (PID 71)"


async def test_clients_that_leave_are_forgotten(tmp_path: Path) -> None:
    board = Board(WEB)
    async with agent(tmp_path, board) as path:
        writers = []
        for _ in range(20):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"GET /v1/ports?watch=true HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"}\n")
            writers.append(writer)
        assert board.watchers == 20

        for writer in writers:
            writer.close()
        await board.left.wait()


async def test_a_client_that_does_not_read_costs_one_list_and_is_let_go(tmp_path: Path) -> None:
    long = "x" * 100_000
    board = Board()
    async with agent(tmp_path, board, stalled=0.2) as path:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.sendall(b"GET /v1/ports?watch=true HTTP/1.1\r\nHost: x\r\n\r\n")
            for index in range(300):
                board.change(PortStatus(protocol="tcp", guest_addr=f"{index}{long}", state=PortState.PENDING))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            await board.left.wait()

    # What the kernel takes for a socket, and the list that did not fit.
    assert board.looks < 20


async def test_the_end_of_the_agent_is_told(tmp_path: Path) -> None:
    async with agent(tmp_path, Board(WEB)) as path:
        lists = watch_ports(path)
        await following(lists)

    with pytest.raises(AgentError, match="the host agent has ended"):
        await following(lists)


async def test_an_agent_that_is_too_old_is_called_so(tmp_path: Path) -> None:
    async with serving(str(tmp_path / "ha.sock"), {}):
        for ask_it in (ports, lambda path: next(watch_ports(path))):
            with pytest.raises(AgentError, match="host agent is too old"):
                await asyncio.to_thread(ask_it, str(tmp_path / "ha.sock"))


async def test_an_agent_that_cannot_answer_yet_says_why(tmp_path: Path) -> None:
    routes: dict[str, Handler] = {"/v1/ports": lambda _query: error_response(503, "the machine is not started yet")}
    async with serving(str(tmp_path / "ha.sock"), routes):
        with pytest.raises(AgentError, match="does not answer: the machine is not started yet"):
            await asyncio.to_thread(ports, str(tmp_path / "ha.sock"))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 500 no\r\n\r\n{}",
        b"HTTP/1.1 500 no\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 500 no\r\n\r\n" + b"x" * (2 << 20),
        b"HTTP/1.1 200 OK\r\n\r\nnot json\n",
        b'HTTP/1.1 200 OK\r\n\r\n{"ports":[{}]}\n',
        b'HTTP/1.1 200 OK\r\n\r\n{"ports":[{"protocol":"tcp","guestAddr":"x","state":"odd"}]}\n',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
    ],
)
async def test_nonsense_is_an_error(answer: bytes, tmp_path: Path) -> None:
    path = tmp_path / "ha.sock"

    async with await serve_once(path, answer):
        for ask_it in (ports, lambda path: list(watch_ports(path))):
            with pytest.raises(AgentError):
                await asyncio.to_thread(ask_it, str(path))
