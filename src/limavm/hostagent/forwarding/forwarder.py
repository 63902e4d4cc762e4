"""Makes the ports of the guest appear on the host, and keeps it so.

It is told what listens in the guest; the rules say what is wanted; what is open follows. Only the last
thing that it was told counts, so nothing is lost in a storm and nothing is done twice. When it ends,
everything it has opened is closed. What an agent before it has left is taken over, or closed as soon as
it is known that nobody wants it, so that adopting a machine interrupts no connection.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping

from msgspec.structs import replace

from limavm.hostagent.forwarding.lanes import State, identity_of
from limavm.hostagent.forwarding.log import ForwardLog
from limavm.hostagent.forwarding.opener import ForwardError, Opener, Recovering
from limavm.hostagent.forwarding.portrules import Outcome, Policy, outcomes, silenced
from limavm.hostagent.forwarding.record import Record
from limavm.hostagent.forwarding.works import ForwardWorks
from limavm.model.event import PortForwardEvent
from limavm.model.forward import Forward, Listener, PortState, PortStatus, Route

log = logging.getLogger(__name__)

#: Bounds of what a guest can make us do.
MOST_LISTENERS = 32_768
MOST_FORWARDS = 4096
#: Seconds after which what was left open and is not wanted is closed, although the guest has not answered.
_SETTLED = 30.0
#: From so many listeners on, they are judged in a thread.
_MANY = 500
#: After each look a rest, so many times as long as the look took: a guest that never rests costs a part of a CPU.
_REST = 4

_NOT_READY = {
    Route.HOSTFWD: "the hypervisor cannot be asked",
    Route.SSH: "ssh is not connected",
    Route.GRPC: "the guest agent is not connected",
}


class Forwarder:
    """The forwards of one instance. Its methods are for the event loop's thread."""

    def __init__(
        self,
        policy: Policy,
        openers: Mapping[Route, Opener],
        *,
        record: str,
        tell: Callable[[PortForwardEvent], None],
    ) -> None:
        """`record` is the path of the file for the agent after us; `tell` is told what users may want to know."""
        self._policy = policy
        self._openers = openers
        self._told = ForwardLog(tell)
        self._works = ForwardWorks(openers, self._told, self._has_changed)
        self._record = Record(record, self._works.perhaps_open)
        self._listeners: frozenset[Listener] = frozenset()
        self._listed = False
        self._outcomes: list[Outcome] = []
        self._news = asyncio.Event()
        self._change = asyncio.Event()

    def listeners(self, now: Collection[Listener]) -> None:
        """Set what listens in the guest, all of it; only the last call counts."""
        if len(now) > MOST_LISTENERS:
            self._told.too_many("ports that listen in the guest", MOST_LISTENERS)
            now = sorted(now, key=lambda one: (one.protocol, one.port, one.ip))[:MOST_LISTENERS]
        self._listeners = frozenset(now)
        self._listed = True
        self._news.set()

    def lost(self, route: Route) -> None:
        """All forwards of a route are gone: ssh or the hypervisor has ended."""
        self._works.lost(route)

    def restored(self, route: Route) -> None:
        """Forwards of a route can be opened (again)."""
        self._works.restored(route)

    def ports(self) -> list[PortStatus]:
        """What becomes of each rule that needs no listener, and of each listener, without repetitions.

        A listener just where a static rule expects it is that rule's line.
        """
        return [*dict.fromkeys(self._status(outcome) for outcome in self._outcomes)]

    async def changed(self) -> None:
        """Return when `ports` answers otherwise than at the time of the call."""
        await self._change.wait()

    async def run(self) -> None:
        """Forward until cancelled; then close what is open. It may run again."""
        for line in silenced(self._policy.rules).lines:
            log.info("%s", line)
        self._works.adopt(await self._leftovers())
        self._news.set()
        try:
            async with self._works.working(), asyncio.TaskGroup() as tasks:
                tasks.create_task(self._record.keep(), name="the record of forwards")
                tasks.create_task(self._settle(), name="leftovers are closed in any case")
                await self._follow()
        finally:
            if not any(self._works.perhaps_open()):
                self._record.remove()

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            began = time.monotonic()
            listed = self._listed
            await self._decide()
            if listed:
                self._works.settle()
            await asyncio.sleep((time.monotonic() - began) * _REST)

    async def _settle(self) -> None:
        await asyncio.sleep(_SETTLED)
        self._works.settle()

    async def _decide(self) -> None:
        listeners, held = self._listeners, list(self._wanted())
        if len(listeners) < _MANY:
            found = outcomes(listeners, self._policy, held)
        else:
            found = await asyncio.to_thread(outcomes, listeners, self._policy, held)
        found = self._bounded(found)
        before = {(one.protocol, one.guest, one.reason) for one in self._outcomes if not one.forward}
        self._outcomes = found
        self._works.want(self._wanted())
        for one in found:
            if not one.forward and (one.protocol, one.guest, one.reason) not in before:
                self._told.left_out(one)
        self._has_changed(True)

    def _bounded(self, found: list[Outcome]) -> list[Outcome]:
        """The outcomes with at most so many forwards, first those that there are already."""
        forwards = {one.forward for one in found if one.forward}
        if len(forwards) <= MOST_FORWARDS:
            return found
        self._told.too_many("ports to forward", MOST_FORWARDS)
        before = {*self._wanted()}
        ordered = dict.fromkeys(one.forward for one in found if one.forward)
        kept = set(sorted(ordered, key=lambda one: one not in before)[:MOST_FORWARDS])
        reason = f"{MOST_FORWARDS} other ports are forwarded"
        return [
            replace(one, forward=None, reason=reason, quiet=True) if one.forward and one.forward not in kept else one
            for one in found
        ]

    def _wanted(self) -> Iterator[Forward]:
        yield from dict.fromkeys(one.forward for one in self._outcomes if one.forward)

    def _status(self, outcome: Outcome) -> PortStatus:
        forward = outcome.forward
        state, reason, holder = (PortState.IGNORED, outcome.reason, "")
        if forward:
            state, reason, holder = self._state(forward, reason)
        return PortStatus(
            protocol=outcome.protocol,
            guest_addr=outcome.guest,
            host_addr=outcome.host,
            state=state,
            route=forward.route if forward else None,
            reverse=forward is not None and forward.reverse,
            static=forward is not None and forward.static,
            reason=reason,
            holder=holder,
        )

    def _state(self, forward: Forward, reason: str) -> tuple[PortState, str, str]:
        entry = self._works.entry(forward)
        if entry and entry.state is State.OPEN:
            return PortState.FORWARDED, reason, ""
        if entry and entry.error:
            return PortState.FAILED, entry.error, entry.holder
        return PortState.PENDING, reason if self._works.ready(forward.route) else _NOT_READY[forward.route], ""

    async def _leftovers(self) -> list[Forward]:
        """What an agent before us may have left open; the openers know better than the record."""
        recorded = {identity_of(one): one for one in self._record.load() if one.route in self._openers}
        for route, opener in self._openers.items():
            if isinstance(opener, Recovering) and opener.ready:
                try:
                    found = {identity_of(one): one for one in await opener.leftovers()}
                except ForwardError as error:
                    log.debug("what is open is not known: %s", error)
                    continue
                recorded = {key: one for key, one in recorded.items() if one.route is not route or key in found}
                recorded = found | recorded
        return [*recorded.values()]

    def _has_changed(self, visibly: bool) -> None:
        self._record.changed()
        if visibly:
            change, self._change = self._change, asyncio.Event()
            change.set()
