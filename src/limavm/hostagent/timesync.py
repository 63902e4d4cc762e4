"""Keeps the guest's clock at the host's: every ten seconds, and at once when time has jumped.

The guest sets its clock to the time that we send when it is off by more than 100 ms (spec/runtime.md 3.11,
7.4). That time is read as late as possible, and half of what a ping has just taken is added for the way: what
comes late in a busy guest would set a right clock wrong. So nothing is sent after a slow ping, but when all are slow.
A machine that stands still is told nothing: it would set its clock by an old message when it goes on.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Protocol

from limavm.errors import UserError
from limavm.host import clock
from limavm.wire.guestservice_pb2 import TimeSyncResponse

log = logging.getLogger(__name__)

#: Seconds between two messages, and until another one makes sure after a jump, and, longer each time, a failure.
_INTERVAL = 10.0
_AGAIN = 1.0
#: A way that takes longer, in seconds, is no good; it is tried again, so often at most.
_SLOW = 0.05
_TRIES = 3


class Agent(Protocol):
    """What is asked of the guest agent."""

    async def wait_connected(self) -> object:
        """Return when the agent answers."""

    def on_connected(self, callback: Callable[[bool], object]) -> None:
        """Call back with whether the agent is connected, when that changes."""

    async def round_trip(self) -> float:
        """Seconds until a ping comes back; raises UserError when the agent is lost."""

    async def sync_time(self, host_time_ns: Callable[[], int]) -> TimeSyncResponse:
        """Have the guest set its clock; raises UserError when the agent is lost."""


def _runs() -> bool:
    return False


class TimeSync:
    """The clock of one guest. `is_paused` tells whether the machine stands still."""

    def __init__(
        self,
        agent: Agent,
        *,
        is_paused: Callable[[], bool] = _runs,
        interval: float = _INTERVAL,
        again: float = _AGAIN,
    ) -> None:
        self._agent = agent
        self._is_paused = is_paused
        self._interval = interval
        self._again = again
        self._jumped = asyncio.Event()
        self._way_ns = 0
        agent.on_connected(self._connected)

    def jumped(self) -> None:
        """Time may have jumped: synchronise at once, and again a moment later. Many calls in a row are one."""
        self._jumped.set()

    def _connected(self, connected: bool) -> None:
        if connected:  # the guest may have begun anew, with the time of its hardware clock: whole seconds
            self.jumped()

    async def run(self) -> None:
        """Synchronise from the agent's first answer on, until cancelled."""
        pause = self._again
        while True:
            await self._agent.wait_connected()
            jumped = self._jumped.is_set()
            self._jumped.clear()
            sure = await self._is_synchronised()
            pause = self._again if jumped or sure else min(pause * 2, self._interval)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval if sure and not jumped else pause):
                    await self._jumped.wait()

    async def _is_synchronised(self) -> bool:
        try:
            return await self._synchronise()
        except (UserError, OSError, TimeoutError) as error:
            log.debug("the guest's clock was not synchronised: %s", error)
            return False

    async def _synchronise(self) -> bool:
        """Ask until an answer came fast enough to be believed; whether one did."""
        for left in reversed(range(_TRIES)):
            if self._is_paused():
                log.debug("the guest's clock is not synchronised: the machine stands still")
                break
            way = await self._agent.round_trip()
            if way > _SLOW and left:
                log.debug("a ping of the guest took %.3f s", way)
                continue
            self._way_ns = int(min(way, _SLOW) / 2 * 1e9)
            began = clock.monotonic()
            _tell(await self._agent.sync_time(self._time_on_arrival))
            took = clock.monotonic() - began
            if took <= _SLOW:
                return True
            log.debug("the guest took %.3f s to answer", took)
        return False

    def _time_on_arrival(self) -> int:
        return clock.wall_ns() + self._way_ns


def _tell(response: TimeSyncResponse) -> None:
    if response.error:
        log.debug("the guest's clock was not set: %r", response.error[:200])
    elif response.adjusted:
        log.info("The guest's clock was off by %+d ms, and has been set", response.drift_ms)
