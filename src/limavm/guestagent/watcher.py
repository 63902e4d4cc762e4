"""What listens in the guest, kept up to date: events tell when to look, and `pace` how often at most.

An idle guest costs a look every second or three, and less than half a percent of a processor. Where the kernel tells
nothing, looks become more frequent, within the same share: 0.15 s apart on a usual machine, up to 3 s where they are
expensive. While sockets come and go all the time, looks are as frequent as a twentieth of a processor allows.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from limavm.guestagent.kubernetes import Services
from limavm.guestagent.pace import SHORTEST, TOGETHER, Pace
from limavm.guestagent.ports import Port
from limavm.guestagent.sockdiag import Found, SockDiag
from limavm.guestagent.wakeups import Wakeups

log = logging.getLogger(__name__)

#: More ports than this are not told.
MAX_PORTS = 32768
#: After an event what listens is looked at twice: it may have come a moment before its socket, and another one while
#: nobody waited for it.
_LOOKS = 2
_SETTLE = 0.04
#: How long others in the event loop wait at most while a long list is read, in seconds.
_STEP = 0.005
#: Events that fail to come are set up again, so many seconds apart at least.
_DEAF = 30.0


class Watcher:
    """Knows what listens. `errors` is called with a sentence whenever it cannot be found out."""

    errors: Callable[[str], None]

    def __init__(
        self,
        *,
        events: bool = True,
        services: Services | None = None,
        diag: SockDiag | None = None,
        limit: int = MAX_PORTS,
    ) -> None:
        """Without `events` it only polls; more than `limit` ports are not told."""
        self.errors = log.warning
        self._wakeups = Wakeups() if events else None
        self._services = services or Services()
        self._diag = diag or SockDiag()
        self._limit = limit
        self._pace = Pace(SHORTEST)
        self._lock = asyncio.Lock()
        self._found: frozenset[Port] = frozenset()
        self._doubted: frozenset[Port] = frozenset()
        self._ports: frozenset[Port] | None = None
        self._too_many = False
        self._news = asyncio.Event()
        self._looked = self._checked = 0.0
        self._missed = False

    async def now(self) -> frozenset[Port]:
        """What listens, freshly looked at; raises OSError if the kernel does not answer."""
        await self._look()
        return self._ports or frozenset()

    async def changed(self, known: frozenset[Port]) -> frozenset[Port]:
        """What listens, as soon as it differs from `known`; somebody has to `run` meanwhile."""
        while self._ports is None or self._ports == known:
            await self._news.wait()
        return self._ports

    async def run(self) -> None:
        """Keep up until cancelled."""
        services = asyncio.ensure_future(self._services.run(self._publish))
        services.add_done_callback(_complain)
        try:
            if self._wakeups:
                self._open(self._wakeups)
                await self._follow(self._wakeups)
            else:
                await self._poll()
        finally:
            if self._wakeups:
                self._wakeups.close()
            self._diag.close()
            services.cancel()
            await asyncio.gather(services, return_exceptions=True)

    async def _poll(self) -> None:
        while True:
            await self._attempt()
            await asyncio.sleep(self._pace.busy() if self._doubted else self._pace.idle())

    async def _follow(self, wakeups: Wakeups) -> None:
        while True:
            before = self._found if self._ports is not None else None
            await self._attempt()
            self._check(wakeups, before)
            while await self._something(wakeups):
                await self._settle(wakeups)

    async def _something(self, wakeups: Wakeups) -> bool:
        """Whether something happened, or is in doubt; otherwise it is time for a look anyway."""
        if self._doubted:
            return True
        end = time.monotonic() + self._pace.idle()
        while (left := end - time.monotonic()) > 0:
            await wakeups.wait(left)
            if wakeups.take(self._found):
                return True
        return False

    async def _settle(self, wakeups: Wakeups) -> None:
        """Look at what happened, until nothing is in doubt."""
        await asyncio.sleep(max(self._looked + self._pace.busy() - time.monotonic(), TOGETHER))
        looks = _LOOKS
        while looks > 0:
            if looks == 1:
                wakeups.arm()
            wakeups.take(self._found)
            await self._attempt()
            looks = max(looks - 1, int(bool(self._doubted)))
            if looks:
                await asyncio.sleep(max(self._pace.busy(), _SETTLE))

    def _open(self, wakeups: Wakeups) -> None:
        self._checked = time.monotonic()
        self._missed = False
        wakeups.open()
        wakeups.arm()
        self._pace.shortest = wakeups.shortest

    def _check(self, wakeups: Wakeups, before: frozenset[Port] | None) -> None:
        """Set the events up again if a look found by chance what they should have told."""
        new = frozenset() if before is None or before is self._found else before ^ self._found
        missed = any(port.protocol == "tcp" for port in new)
        now = time.monotonic()
        if missed and wakeups.complete and not wakeups.pending():
            self._missed = True
        if now - self._checked > _DEAF:
            self._checked = now
            if self._missed or wakeups.outdated():
                log.info("events do not come from all processors: setting them up again")
                self._open(wakeups)

    async def _attempt(self) -> None:
        """Look; what was known stays known where that fails."""
        try:
            await self._look()
        except OSError as error:
            self._doubted = frozenset()  # what is in doubt is looked at again at once, which would not help here
            self.errors(f"cannot find out what listens: {error.strerror or error}")

    async def _look(self) -> None:
        async with self._lock:
            began, cost = time.thread_time(), 0.0
            steps = self._diag.look()
            try:
                while True:
                    next(steps)
                    spent = time.thread_time() - began
                    if spent > _STEP:
                        await asyncio.sleep(0)
                        began, cost = time.thread_time(), cost + spent
            except StopIteration as end:
                self._apply(end.value)
            finally:
                steps.close()
                self._pace.spent(cost + time.thread_time() - began)
                self._looked = time.monotonic()

    def _apply(self, found: Found) -> None:
        """A long list is not read at once, and a socket may be missed in it: what is missing twice is gone."""
        missing = frozenset() if found.exact else self._found - found.ports
        doubted = missing - self._doubted
        ports = found.ports | doubted if doubted else found.ports
        if ports != self._found:
            self._found = ports
        self._doubted = doubted
        self._publish()

    def _publish(self) -> None:
        ports = self._bounded(merged(self._found, self._services.ports))
        if ports != self._ports:
            self._ports = ports
            self._news.set()
            self._news = asyncio.Event()

    def _bounded(self, ports: frozenset[Port]) -> frozenset[Port]:
        too_many = len(ports) > self._limit
        if too_many and not self._too_many:
            log.warning("%d ports listen: only %d of them are told", len(ports), self._limit)
        self._too_many = too_many
        # Which ones must not change with the order in which the kernel lists them.
        return frozenset(sorted(ports)[: self._limit]) if too_many else ports


def merged(sockets: frozenset[Port], services: frozenset[Port]) -> frozenset[Port]:
    """Sockets, and the services whose number no socket has, whatever its protocol and address (as Lima 2.2)."""
    if not services:
        return sockets
    taken = {port.port for port in sockets}
    return sockets | {port for port in services if port.port not in taken}


def _complain(services: "asyncio.Future[None]") -> None:
    if not services.cancelled() and (error := services.exception()):
        log.error("services of Kubernetes are not followed any more", exc_info=error)
