"""The guest's clock is set at the first answer, every ten seconds, and at once when time has jumped."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable

import pytest

from limavm.errors import UserError
from limavm.hostagent.timesync import TimeSync
from limavm.wire.guestservice_pb2 import TimeSyncResponse

NEVER = 1000.0


class FakeAgent:
    """A guest agent that answers what it is told to, and says when it was asked."""

    def __init__(self, *answers: TimeSyncResponse | Exception, takes: float = 0.0) -> None:
        self.connected = asyncio.Event()
        self.asked: asyncio.Queue[int] = asyncio.Queue()
        self.takes = takes
        #: What pings take, in turn; the last for ever.
        self.ways = [0.0]
        self.pings = 0
        self.callbacks: list[Callable[[bool], object]] = []
        self._answers = list(answers)

    def on_connected(self, callback: Callable[[bool], object]) -> None:
        self.callbacks.append(callback)

    async def wait_connected(self) -> None:
        await self.connected.wait()

    async def round_trip(self) -> float:
        self.pings += 1
        return self.ways.pop(0) if len(self.ways) > 1 else self.ways[0]

    async def sync_time(self, host_time_ns: Callable[[], int]) -> TimeSyncResponse:
        self.asked.put_nowait(host_time_ns())
        if self.takes:
            await asyncio.sleep(self.takes)
        answer = self._answers.pop(0) if self._answers else TimeSyncResponse()
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextlib.asynccontextmanager
async def running(sync: TimeSync, agent: FakeAgent) -> AsyncIterator[None]:
    task = asyncio.create_task(sync.run())
    agent.connected.set()
    try:
        async with asyncio.timeout(10):
            yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_host_s_time_is_sent_at_the_first_answer_and_not_before() -> None:
    agent = FakeAgent()
    task = asyncio.create_task(TimeSync(agent, interval=NEVER).run())
    await asyncio.sleep(0)
    assert agent.asked.empty()

    agent.connected.set()

    async with asyncio.timeout(10):
        assert abs(await agent.asked.get() - time.time_ns()) < 10e9
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_is_sent_again_after_the_interval() -> None:
    agent = FakeAgent()

    async with running(TimeSync(agent, interval=0.001), agent):
        for _ in range(3):
            await agent.asked.get()


async def test_a_jump_is_answered_at_once_and_once_more_to_be_sure() -> None:
    agent = FakeAgent()
    sync = TimeSync(agent, interval=NEVER, again=0.001)
    async with running(sync, agent):
        await agent.asked.get()

        for _ in range(5):
            sync.jumped()

        await agent.asked.get()
        await agent.asked.get()
        await asyncio.sleep(0.02)
        assert agent.asked.empty()


async def test_a_jump_while_the_agent_is_away_is_answered_when_it_is_back() -> None:
    agent = FakeAgent()
    sync = TimeSync(agent, interval=NEVER, again=0.001)
    sync.jumped()

    async with running(sync, agent):
        await agent.asked.get()
        await agent.asked.get()


async def test_an_agent_that_is_back_is_told_at_once() -> None:
    agent = FakeAgent()
    sync = TimeSync(agent, interval=NEVER)
    async with running(sync, agent):
        await agent.asked.get()

        for connected in (False, True):
            agent.callbacks[0](connected)

        await agent.asked.get()


async def test_a_failure_is_tried_again_soon_and_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    agent = FakeAgent(UserError("the agent is lost"), OSError("reset"), TimeSyncResponse(error="not permitted"))

    async with running(TimeSync(agent, interval=NEVER, again=0.001), agent):
        for _ in range(3):
            await agent.asked.get()

    assert caplog.messages == []


async def test_an_adjustment_is_logged_with_its_drift(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    agent = FakeAgent(TimeSyncResponse(adjusted=True, drift_ms=-61234))

    async with running(TimeSync(agent, interval=0.001), agent):
        await agent.asked.get()
        await agent.asked.get()

    assert caplog.messages == ["The guest's clock was off by -61234 ms, and has been set"]


async def test_a_guest_that_is_slow_to_answer_is_asked_again_and_then_left_in_peace_for_a_moment() -> None:
    agent = FakeAgent(takes=0.06)

    async with running(TimeSync(agent, interval=NEVER, again=NEVER), agent):
        for _ in range(3):
            await agent.asked.get()
        await asyncio.sleep(0.1)
        assert agent.asked.empty()


async def test_slow_answers_alone_are_not_relied_on_until_the_next_tick() -> None:
    agent = FakeAgent(takes=0.06)

    async with running(TimeSync(agent, interval=NEVER, again=0.001), agent):
        for _ in range(4):
            await agent.asked.get()


async def test_half_of_what_the_ping_took_is_added_for_the_way() -> None:
    agent = FakeAgent()
    agent.ways = [0.04]

    async with running(TimeSync(agent, interval=NEVER), agent):
        sent = await agent.asked.get()

    assert 10e6 < sent - time.time_ns() <= 20e6


async def test_after_a_slow_ping_nothing_is_sent_that_would_come_late() -> None:
    agent = FakeAgent()
    agent.ways = [0.4, 0.3, 0.001]

    async with running(TimeSync(agent, interval=NEVER), agent):
        await agent.asked.get()

    assert agent.pings == 3
    assert agent.asked.empty()


async def test_a_guest_whose_pings_are_all_slow_is_told_the_time_all_the_same() -> None:
    agent = FakeAgent()
    agent.ways = [0.4]

    async with running(TimeSync(agent, interval=NEVER, again=NEVER), agent):
        await agent.asked.get()

    assert agent.pings == 3


async def test_a_machine_that_stands_still_is_told_nothing_that_would_be_old_when_it_goes_on() -> None:
    agent = FakeAgent()
    paused = True
    looked = asyncio.Event()

    def is_paused() -> bool:
        looked.set()
        return paused

    sync = TimeSync(agent, is_paused=is_paused, interval=NEVER)
    async with running(sync, agent):
        await looked.wait()
        assert agent.asked.empty()

        paused = False
        sync.jumped()

        await agent.asked.get()
