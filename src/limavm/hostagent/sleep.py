"""Notices that time has jumped: the host slept or its clock was set, we or the machine were stopped and went on.

Nothing tells us of these on every system, so one tick a second looks. It comes late after we were stopped;
after a sleep of the host the clocks differ by more than before; and a machine that stood still at one tick
and runs at the next was continued. What follows from a jump is decided by those who are called.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from limavm.host import clock

log = logging.getLogger(__name__)

#: Seconds between two looks; shorter while the machine stands still, so that its end is seen soon.
_TICK = 1.0
_PAUSED_TICK = 0.2
#: Seconds that a tick may come late, on a host that is busy, and by which clocks may differ from each other.
_LATE = 0.5
_DIFFERENT = 0.05


class Clocks(NamedTuple):
    """What the host's clocks show at one time, in seconds."""

    monotonic: float
    wall: float
    asleep: float


def clocks() -> Clocks:
    """A look at all of them."""
    return Clocks(clock.monotonic(), clock.wall_ns() / 1e9, clock.asleep())


def jump(before: Clocks, after: Clocks, pause: float) -> str:
    """What has happened in a time that was meant to be `pause` seconds, as a sentence; empty when nothing has."""
    elapsed = after.monotonic - before.monotonic
    slept = after.asleep - before.asleep
    stepped = after.wall - before.wall - elapsed
    if slept > _DIFFERENT:
        return f"the host slept for {slept:.1f} s"
    if abs(stepped) > _DIFFERENT:
        return f"the host's clock was set by {stepped:+.1f} s"
    if elapsed - pause > _LATE:
        return f"the host agent stood still for {elapsed - pause:.1f} s"
    return ""


def _runs() -> bool:
    return False


async def watch(
    jumped: Callable[[], object],
    *,
    is_paused: Callable[[], bool] = _runs,
    look: Callable[[], Clocks] = clocks,
    tick: float = _TICK,
) -> None:
    """Call `jumped` after each jump, and when a machine that `is_paused` goes on; until cancelled."""
    before, was_paused = look(), is_paused()
    while True:
        pause = min(tick, _PAUSED_TICK) if was_paused else tick
        await asyncio.sleep(pause)
        after, paused = look(), is_paused()
        reason = jump(before, after, pause)
        if was_paused and not paused:
            reason = reason or "the machine goes on after a pause"
        if reason:
            log.debug("time has jumped: %s", reason)
            jumped()
        before, was_paused = after, paused
