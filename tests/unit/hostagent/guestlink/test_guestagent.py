"""The host's side of the guest agent, against an agent written from the proto alone."""

import asyncio
import contextlib
import gc
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from limavm.hostagent.guestlink.guestagent import AgentLostError, GuestAgent
from limavm.hostagent.guestlink.ways import over_ssh, unix_socket
from limavm.model.forward import Listener
from limavm.wire.guestservice_pb2 import Event, Inotify
from tests.fakes.guestagent import FakeAgent, scripted_agent, served_agent

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)


def tcp(port: int) -> Listener:
    return Listener(protocol="tcp", ip="0.0.0.0", port=port)


class Told:
    """What a GuestAgent has told of listeners."""

    def __init__(self) -> None:
        self.now: frozenset[Listener] | None = None
        self.times = 0
        self._news = asyncio.Event()

    def __call__(self, listeners: frozenset[Listener]) -> None:
        self.now = listeners
        self.times += 1
        self._news.set()

    async def until(self, wanted: set[Listener]) -> None:
        async with asyncio.timeout(10):
            while self.now is None or set(self.now) != wanted:
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def running(agent: GuestAgent) -> AsyncIterator[GuestAgent]:
    task = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "ga.sock")


async def test_the_full_list_comes_first_and_differences_follow(path: str) -> None:
    told, fake = Told(), FakeAgent()
    fake.listen(80)
    async with served_agent(path, fake), running(GuestAgent(unix_socket(path), listeners=told)):
        await told.until({tcp(80)})
        await until(lambda: "GetEvents" in fake.calls)
        fake.listen(81)
        await told.until({tcp(80), tcp(81)})
        fake.cease(80)
        await told.until({tcp(81)})
        fake.tell(Event(added_local_ports=fake.ports.values()))
        fake.listen(82)
        await told.until({tcp(81), tcp(82)})

    assert told.times == 4, "a difference that repeats is not told"


async def test_the_first_answer_is_logged_as_lima_does(path: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with served_agent(path, FakeAgent()), running(GuestAgent(unix_socket(path))) as agent:
        await agent.answered.wait()

        assert "Guest agent is running" in caplog.messages
        assert agent.connected


async def test_an_agent_that_is_not_there_yet_is_connected_to_soon(path: str) -> None:
    async with running(GuestAgent(unix_socket(path))) as agent:
        await asyncio.sleep(0.1)
        began = time.monotonic()
        async with served_agent(path, FakeAgent()):
            await agent.answered.wait()

            assert time.monotonic() - began < 1.2


async def test_an_agent_that_is_restarted_loses_nothing_and_tells_no_change(path: str) -> None:
    told, fake = Told(), FakeAgent()
    fake.listen(80)
    async with running(GuestAgent(unix_socket(path), listeners=told)) as agent:
        async with served_agent(path, fake):
            await told.until({tcp(80)})
        await until(lambda: not agent.connected)
        fake.calls.clear()
        async with served_agent(path, fake):
            await until(lambda: "GetEvents" in fake.calls)
            fake.listen(81)
            await told.until({tcp(80), tcp(81)})

    assert told.times == 2


async def test_a_guest_that_rebooted_has_only_what_listens_now(path: str) -> None:
    told, before, after = Told(), FakeAgent(), FakeAgent()
    before.listen(80)
    before.listen(81)
    after.listen(81)
    async with running(GuestAgent(unix_socket(path), listeners=told)):
        async with served_agent(path, before):
            await told.until({tcp(80), tcp(81)})
        async with served_agent(path, after):
            await told.until({tcp(81)})


async def test_what_listened_is_forgotten_when_the_agent_stays_away(path: str) -> None:
    told, fake = Told(), FakeAgent()
    fake.listen(80)
    async with running(GuestAgent(unix_socket(path), listeners=told, grace=0.2)):
        async with served_agent(path, fake):
            await told.until({tcp(80)})
        await told.until(set())


async def test_the_token_goes_with_every_call(path: str) -> None:
    fake = FakeAgent(token="secret")
    async with served_agent(path, fake), running(GuestAgent(unix_socket(path), token="secret")) as agent:
        await agent.answered.wait()
        await agent.sync_time(time.time_ns)
        await until(lambda: "GetEvents" in fake.calls)

    assert set(fake.metadata) == {"secret"}


async def test_an_agent_that_wants_another_token_is_not_running(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async with served_agent(path, FakeAgent(token="secret")), running(GuestAgent(unix_socket(path))) as agent:
        await until(lambda: any("no token" in line for line in caplog.messages))

        assert not agent.answered.is_set()


async def test_the_time_of_the_host_is_sent_as_late_as_possible(path: str) -> None:
    fake = FakeAgent()
    async with served_agent(path, fake), running(GuestAgent(unix_socket(path))) as agent:
        await agent.wait_connected()

        answer = await agent.sync_time(lambda: 1_700_000_000_123_456_789)

    assert fake.host_time_ns == 1_700_000_000_123_456_789
    assert answer.adjusted


async def test_calls_fail_with_a_sentence_when_no_agent_is_connected(path: str) -> None:
    agent = GuestAgent(unix_socket(path))

    with pytest.raises(AgentLostError, match="the guest agent is not connected"):
        await agent.sync_time(time.time_ns)


async def test_changed_files_are_told_until_there_are_no_more(path: str) -> None:
    fake = FakeAgent()
    changes = iter([("/mnt/a", 1_500_000_000), ("/mnt/b", 2_000_000_001), None])

    async def change() -> tuple[str, int] | None:
        return next(changes)

    async with served_agent(path, fake), running(GuestAgent(unix_socket(path))) as agent:
        await agent.wait_connected()
        await agent.inotify(change)

    assert fake.changes == [("/mnt/a", 1_500_000_000), ("/mnt/b", 2_000_000_001)]


async def test_the_end_of_changed_files_is_an_error_to_limas_agent_and_none_to_us(path: str) -> None:
    class Limas(FakeAgent):
        async def post_inotify(self, stream: Stream[Inotify, Empty]) -> None:
            async for message in stream:
                self.changes.append((message.mount_path, message.time.ToNanoseconds()))
            raise GRPCError(Status.UNKNOWN, "EOF" if len(self.changes) < 2 else "broken")

    async def change() -> tuple[str, int] | None:
        return next(changes)

    fake = Limas()
    async with served_agent(path, fake), running(GuestAgent(unix_socket(path))) as agent:
        await agent.wait_connected()
        changes = iter([("/mnt/a", 1), None])
        await agent.inotify(change)
        changes = iter([("/mnt/b", 2), None])
        with pytest.raises(AgentLostError, match="broken"):
            await agent.inotify(change)

    assert fake.changes == [("/mnt/a", 1), ("/mnt/b", 2)]


async def test_the_stream_of_changed_files_fails_when_the_agent_is_lost(path: str) -> None:
    never = asyncio.Event()

    async def change() -> None:
        await never.wait()

    async with running(GuestAgent(unix_socket(path))) as agent:
        async with served_agent(path, FakeAgent()):
            await agent.wait_connected()
            stream = asyncio.create_task(agent.inotify(change))
            await asyncio.sleep(0.05)
        with pytest.raises(AgentLostError):
            await stream


async def test_a_port_that_the_guest_closes_ends_a_connection_that_looks_sound(path: str) -> None:
    fake = FakeAgent()
    async with served_agent(path, fake), running(GuestAgent(unix_socket(path))) as agent:
        await agent.wait_connected()
        agent.port_changed(False)
        await until(lambda: fake.calls.count("GetInfo") == 2)


async def test_an_agent_that_is_suspected_and_silent_is_soon_lost(path: str) -> None:
    silent = asyncio.Event()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be a serial port: it stays open when the agent behind it dies."""
        agent_reader, agent_writer = await asyncio.open_unix_connection(path + ".real")

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                if not silent.is_set():
                    target.write(data)

        try:
            await asyncio.gather(copy(reader, agent_writer), copy(agent_reader, writer))
        finally:
            agent_writer.transport.abort()

    async with (
        served_agent(path + ".real", FakeAgent()),
        scripted_agent(path, relay),
        running(GuestAgent(unix_socket(path))) as agent,
    ):
        await agent.wait_connected()
        agent.suspect()
        await asyncio.sleep(0.1)
        assert agent.connected, "it answers the ping"
        silent.set()
        began = time.monotonic()
        agent.suspect()
        await until(lambda: not agent.connected)

        assert time.monotonic() - began < 4


async def test_stale_bytes_of_an_earlier_connection_do_not_confuse(path: str) -> None:
    connections = 0

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        if connections < 4:  # the end of a frame, a frame that never ends, nothing
            writer.write([b"the end of a frame" * 20, b"\0\x40\0\0\0\0\0\0\1" + b"x" * 100, b""][connections - 1])
        if connections < 3:
            await reader.read()
            return
        agent_reader, agent_writer = await asyncio.open_unix_connection(path + ".real")

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                target.write(data)

        try:
            await asyncio.gather(copy(reader, agent_writer), copy(agent_reader, writer))
        finally:
            agent_writer.transport.abort()

    async with (
        served_agent(path + ".real", FakeAgent()),
        scripted_agent(path, relay),
        running(GuestAgent(unix_socket(path), first_answer=(0.2,))) as agent,
    ):
        async with asyncio.timeout(10):
            await agent.wait_connected()


async def test_over_ssh_the_forward_is_opened_before_each_connection(path: str) -> None:
    forwards: list[str] = []

    async def forward() -> None:
        forwards.append(path)
        if len(forwards) == 1:
            raise ConnectionError("the master is not connected")

    async with served_agent(path, FakeAgent()), running(GuestAgent(over_ssh(path, forward))) as agent:
        await agent.wait_connected()

    assert len(forwards) == 2


async def test_a_hundred_connections_leave_no_task_and_no_descriptor(path: str) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with scripted_agent(path, hang_up):
        tasks, descriptors = len(asyncio.all_tasks()), len(os.listdir("/dev/fd"))
        async with running(GuestAgent(unix_socket(path))) as agent:
            for _ in range(100):
                agent.suspect()
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        gc.collect()

        assert len(asyncio.all_tasks()) <= tasks + 1
        assert len(os.listdir("/dev/fd")) <= descriptors + 1
