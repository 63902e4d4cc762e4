"""What to do next about the forwards that want the same port of the host, or the same path.

They share a lane: one operation at a time is under way in it, so nothing is ever opened and closed at
once, and who makes room for another goes first. Everything here is a function of the lane and the time.
"""

import enum
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from limavm.hostagent.forwarding.portrules.addresses import parsed_place
from limavm.model.forward import Forward, Route

#: Seconds for which a forward that nobody wants any more stays: a server that restarts gets it back.
LINGER = 0.1

#: What is listened on: `tcp`, `udp` or whose path it is, and the port or path.
LaneKey = tuple[str, int | str]


class State(enum.Enum):
    """What is known of a forward that was dealt with; of the others nothing is kept."""

    OPEN = enum.auto()
    #: It may be open: an operation is under way or was cut short, or another agent has left it.
    UNCERTAIN = enum.auto()
    FAILED = enum.auto()


class Entry:
    """A forward that is, or may be, open, or that failed."""

    def __init__(self, forward: Forward, state: State, *, lingers: float = 0.0) -> None:
        self.forward = forward
        self.state = state
        #: Until when it stays although nobody wants it, if nobody wants its place either.
        self.lingers = lingers
        #: When an operation that failed may be tried again.
        self.retry = 0.0
        #: Why it failed the last time, and who holds the port; empty once it is open.
        self.error = ""
        self.holder = ""

    def look(self) -> tuple[bool, str, str]:
        """What users see of it: whether it is open, else why it is not and who holds the port."""
        return self.state is State.OPEN, self.error, self.holder


class Step(NamedTuple):
    """An operation: open the forward, or close it."""

    forward: Forward
    opens: bool


class Lane:
    """The forwards that may be in each other's way, by their identity."""

    def __init__(self, key: LaneKey) -> None:
        self.key = key
        self.wanted: dict[Forward, Forward] = {}
        self.entries: dict[Forward, Entry] = {}

    def want(self, forwards: dict[Forward, Forward], now: float) -> None:
        """Set what is wanted; what is not wanted any more lingers."""
        for identity, entry in self.entries.items():
            if identity in self.wanted and identity not in forwards:
                entry.lingers = now + LINGER
        self.wanted = forwards

    def prune(self) -> None:
        """Forget failures of what nobody wants."""
        for identity in [*self.entries]:
            if identity not in self.wanted and self.entries[identity].state is State.FAILED:
                del self.entries[identity]

    def next_step(self, now: float, ready: Callable[[Route], bool]) -> Step | None:
        """What to do now; None when nothing is to be done before `next_time`."""
        closable = [one for one in self._unwanted() if ready(one.forward.route) and one.retry <= now]
        for forward in self._missing(now):
            if not ready(forward.route):
                continue
            in_the_way = [one for one in self._unwanted() if conflict(one.forward, forward)]
            if not in_the_way:
                return Step(forward, opens=True)
            if goes := next((one for one in in_the_way if one in closable), None):
                return Step(goes.forward, opens=False)
        over = (one for one in closable if one.lingers <= now)
        return next((Step(one.forward, opens=False) for one in over), None)

    def next_time(self, now: float) -> float:
        """When to look again although nothing has changed; infinity when there is no such time."""
        times = (time for one in self.entries.values() for time in (one.retry, one.lingers))
        return min((time for time in times if time > now), default=math.inf)

    def _missing(self, now: float) -> Iterator[Forward]:
        for identity, forward in self.wanted.items():
            entry = self.entries.get(identity)
            if entry is None or (entry.state is not State.OPEN and entry.retry <= now):
                yield forward

    def _unwanted(self) -> list[Entry]:
        return [
            entry
            for identity, entry in self.entries.items()
            if identity not in self.wanted and entry.state is not State.FAILED
        ]


def identity_of(forward: Forward) -> Forward:
    """The same for two forwards that are one to whoever opens them.

    The hypervisor forwards to the guest's own address, however the listener is bound.
    """
    if forward.route is Route.HOSTFWD:
        forward = replace(forward, guest=f"*:{forward.guest.rpartition(':')[2]}")
    return replace(forward, static=False)


def lane_of(forward: Forward) -> LaneKey:
    """The lane of a forward: what it listens on."""
    if forward.reverse:
        return "guest", forward.guest
    place = parsed_place(forward.host)
    if place is None:
        return "host", forward.host
    return "udp" if forward.protocol == "udp" else "tcp", place.port


def conflict(one: Forward, other: Forward) -> bool:
    """Whether two forwards of a lane cannot be open at once."""
    first, second = parsed_place(one.host), parsed_place(other.host)
    if first is None or second is None:
        return True
    return first.ip == second.ip or first.ip.is_unspecified or second.ip.is_unspecified
