"""The events of the kernel in an asyncio loop: waiting until something happened, without being woken a thousand times.

A descriptor that became readable is not watched again until `arm` is called: a storm of events wakes us once.
"""

import asyncio
import logging

from limavm.guestagent.destroyed import Destroyed
from limavm.guestagent.pace import SHORTEST, SHORTEST_FOR_UDP, SHORTEST_WITH_EVENTS
from limavm.guestagent.ports import Port
from limavm.guestagent.tracepoints import Tracepoints

log = logging.getLogger(__name__)

#: How long UDP sockets that cease are collected, in seconds.
_COLLECT = 0.1


class Wakeups:
    """What there is of `tracepoints` and `destroyed`; used in one event loop, by one task."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._tracepoints: Tracepoints | None = None
        self._destroyed: Destroyed | None = None
        self._happened = False
        self._gone = False
        self._armed = False
        self._sleeper: asyncio.Future[None] | None = None

    @property
    def shortest(self) -> float:
        """The interval of looks that what is told leaves necessary."""
        if not self._tracepoints:
            return SHORTEST
        return SHORTEST_WITH_EVENTS if self._destroyed else SHORTEST_FOR_UDP

    def open(self) -> None:
        """Be told as much as the kernel tells, and nothing where it does not.

        What happened while it was closed, nobody knows: so something did.
        """
        self.close()
        self._happened = True
        try:
            self._destroyed = Destroyed()
            self._watch_destroyed(self._destroyed)
        except OSError as error:
            log.info("UDP sockets cease unseen: %s", error)
        tracepoints = Tracepoints()
        if tracepoints.open():
            self._tracepoints = tracepoints
        else:
            tracepoints.close()
            log.info("nothing tells what listens: looking for it again and again")

    def close(self) -> None:
        """Be told nothing any more."""
        loop = asyncio.get_running_loop()
        if self._tracepoints:
            loop.remove_reader(self._tracepoints.fileno())
            self._tracepoints.close()
        if self._destroyed:
            loop.remove_reader(self._destroyed.fileno())
            self._destroyed.close()
        self._tracepoints = self._destroyed = None
        self._armed = self._happened = self._gone = False

    def arm(self) -> None:
        """Watch again. What happened before may be forgotten, so look at what listens afterwards."""
        if self._tracepoints and not self._armed:
            self._armed = True
            asyncio.get_running_loop().add_reader(self._tracepoints.fileno(), self._on_event, self._tracepoints)

    def pending(self) -> bool:
        """Whether something happened that nobody took yet."""
        if self._tracepoints and self._tracepoints.happened():
            self._happened = True  # it is told once, and not to the event loop any more
        return self._happened

    def outdated(self) -> bool:
        """Whether it should be opened again, as processors came or went."""
        return self._tracepoints is not None and self._tracepoints.outdated()

    @property
    def complete(self) -> bool:
        """Whether sockets that begin to listen are told."""
        return self._tracepoints is not None

    def take(self, known: frozenset[Port]) -> bool:
        """Whether something happened that concerns `known`, since this was asked the last time."""
        happened, self._happened = self._happened, False
        if self._gone and self._destroyed:
            self._gone = False
            happened |= self._destroyed.take(known)
            self._watch_destroyed(self._destroyed)
        return happened

    async def wait(self, seconds: float) -> None:
        """Until something happened or the time is up."""
        if self._happened or self._gone:
            return
        loop = asyncio.get_running_loop()
        self._sleeper = loop.create_future()
        # Lighter than wait_for, which would make a task each time.
        timer = loop.call_later(seconds, self._wake)
        try:
            await self._sleeper
        finally:
            timer.cancel()
            self._sleeper = None

    def _on_event(self, tracepoints: Tracepoints) -> None:
        asyncio.get_running_loop().remove_reader(tracepoints.fileno())
        self._armed = False
        self._happened = True
        self._wake()

    def _watch_destroyed(self, destroyed: Destroyed) -> None:
        asyncio.get_running_loop().add_reader(destroyed.fileno(), self._on_destroyed, destroyed)

    def _on_destroyed(self, destroyed: Destroyed) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(destroyed.fileno())
        loop.call_later(_COLLECT, self._on_collected, destroyed)

    def _on_collected(self, destroyed: Destroyed) -> None:
        if self._destroyed is destroyed:
            self._gone = True
            self._wake()

    def _wake(self) -> None:
        if self._sleeper and not self._sleeper.done():
            self._sleeper.set_result(None)
