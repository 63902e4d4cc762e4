"""Where the directories lie that are mounted. One on a network drive that is dead holds up no other."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from typing import NamedTuple

from limavm.host.aside import Aside
from limavm.host.clock import monotonic

log = logging.getLogger(__name__)

#: How long a drive may take to answer before changes in it are not told any more, in seconds.
LIMIT = 10.0
#: How long the others wait for it each time.
_PATIENCE = 1.0


class Place(NamedTuple):
    """A directory by a path without links, and which one that is; None for none."""

    real: str
    identity: tuple[int, int] | None


def place_of(location: str) -> Place:
    """Where a path leads now; may never return."""
    real = os.path.realpath(location)
    try:
        status = os.stat(real)
    except OSError:
        return Place(real, None)
    return Place(real, (status.st_dev, status.st_ino))


class Places:
    """What is known of some directories. Its looks are its own: `close` ends them."""

    def __init__(self, look: Callable[[str], Place] = place_of, *, limit: float = LIMIT) -> None:
        self._look = look
        self._limit = limit
        self._known: dict[str, Place] = {}
        #: The looks that have not answered yet, and when they began.
        self._looks: dict[str, tuple[asyncio.Task[Place], float]] = {}
        self._silent: set[str] = set()

    async def find(self, locations: Iterable[str]) -> dict[str, Place]:
        """Where they lie now, or did lately; without those that do not answer."""
        wanted = list(dict.fromkeys(locations))
        new = [self._begin(location) for location in wanted if location not in self._looks]
        if new:
            await asyncio.wait(new, timeout=min(_PATIENCE, self._limit))
        for location in wanted:
            self._take(location)
        return {location: self._known[location] for location in wanted if location in self._known}

    async def close(self) -> None:
        """End the looks; their threads end when they are answered."""
        looks = [look for look, _ in self._looks.values()]
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    def _begin(self, location: str) -> asyncio.Task[Place]:
        call = Aside(f"a look at {location}").call(lambda: self._look(location))
        look = asyncio.create_task(call, name=f"a look at {location}")
        self._looks[location] = look, monotonic()
        return look

    def _take(self, location: str) -> None:
        look, began = self._looks[location]
        if look.done():
            del self._looks[location]
            self._known[location] = look.result()
            self._silent.discard(location)
        elif monotonic() - began >= self._limit and location not in self._silent:
            self._silent.add(location)
            self._known.pop(location, None)
            log.warning("mountInotify: %s does not answer: its changes do not reach the guest", location)
