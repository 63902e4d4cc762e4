"""Opens and closes forwards so that what is open follows what is wanted, one lane beside the other.

An operation may fail, be cut short, or outlive the way it went: what is known of each forward is kept
so that whatever may be open is closed in the end, and nothing that is open is taken for lost.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping

from limavm.hostagent.forwarding import portholder
from limavm.hostagent.forwarding.budget import Budget
from limavm.hostagent.forwarding.hostport import errno_of, is_taken
from limavm.hostagent.forwarding.lanes import Entry, Lane, LaneKey, State, Step, identity_of, lane_of
from limavm.hostagent.forwarding.log import ForwardLog
from limavm.hostagent.forwarding.opener import ForwardError, Opener, RouteLostError
from limavm.model.forward import Forward, Route

log = logging.getLogger(__name__)

#: Operations of one route at a time.
_AT_A_TIME = 32
#: Seconds until a failure is tried again; with many failures, a second for each so many of them.
_RETRY = 1.0
_RETRIES_A_SECOND = 256
#: Looks for who holds a port: at once, and in a second after those. A guest may want any port at any time.
_LOOKS = 64.0
_LOOKS_A_SECOND = 1.0
#: Seconds in which everything is closed at the end.
_END = 5.0
#: Seconds after which a way that was lost without a word to us is tried again.
_LOST = 1.0


class ForwardWorks:
    """The lanes, and a worker for each in which something is to be done."""

    def __init__(self, openers: Mapping[Route, Opener], told: ForwardLog, changed: Callable[[bool], None]) -> None:
        """`changed` is called when what may be open has changed, with True when users see it."""
        self._openers = openers
        self._told = told
        self._changed = changed
        self._lanes: dict[LaneKey, Lane] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._workers: dict[LaneKey, asyncio.Task[None]] = {}
        self._timers: dict[LaneKey, asyncio.TimerHandle] = {}
        self._room = {route: asyncio.Semaphore(_AT_A_TIME) for route in openers}
        #: A look at every open file of every process: not by many threads at once.
        self._look = asyncio.Semaphore(1)
        self._looks = Budget(_LOOKS, _LOOKS_A_SECOND)
        #: Grows when all forwards of a route are lost: what began before means nothing afterwards.
        self._age: Counter[Route] = Counter()
        self._announced: dict[Forward, Forward] = {}
        self._failures = (0, 0.0)

    def want(self, forwards: Iterable[Forward]) -> None:
        """Set all that is wanted."""
        lanes: dict[LaneKey, dict[Forward, Forward]] = {}
        for forward in forwards:
            lanes.setdefault(lane_of(forward), {})[identity_of(forward)] = forward
        now = time.monotonic()
        for key in {**self._lanes, **lanes}:  # in their order, which users see in the log
            lane = self._lane(key)
            wanted = lanes.get(key, {})
            if wanted.keys() == lane.wanted.keys():
                lane.wanted = wanted
                continue
            gone = lane.wanted.keys() - wanted.keys()
            lane.want(wanted, now)
            for identity in gone - lane.entries.keys():
                self._say_stopping(identity)
            self._touch(lane)

    def adopt(self, forwards: Iterable[Forward]) -> None:
        """Another agent has left these open, perhaps; they stay until `settle`, unless they are in the way."""
        for forward in forwards:
            entries = self._lane(lane_of(forward)).entries
            entries.setdefault(identity_of(forward), Entry(forward, State.UNCERTAIN, lingers=math.inf))

    def settle(self) -> None:
        """What is wanted is known now, so what was adopted and is not wanted can go."""
        for lane in self._lanes.values():
            for entry in lane.entries.values():
                if entry.lingers == math.inf:
                    entry.lingers = 0.0
                    self._touch(lane)

    def lost(self, route: Route) -> None:
        """All forwards of a route are gone."""
        self._age[route] += 1
        for lane in [*self._lanes.values()]:
            for identity, entry in [*lane.entries.items()]:
                if entry.forward.route is not route or entry.state is State.FAILED:
                    continue
                if entry.forward.host.startswith("/") or lane.key in self._workers:
                    # Nobody listens on the socket, but it is still there; and what is under way may still succeed.
                    entry.state = State.UNCERTAIN
                else:
                    self._drop(lane, identity)
                self._touch(lane)
        self._changed(True)

    def restored(self, route: Route) -> None:
        """Forwards of a route can be opened again."""
        for lane in [*self._lanes.values()]:
            if any(one.route is route for one in (*lane.wanted, *lane.entries)):
                for entry in lane.entries.values():
                    entry.retry = 0.0
                self._touch(lane)
        self._changed(True)

    def entry(self, forward: Forward) -> Entry | None:
        """What is known of a forward."""
        lane = self._lanes.get(lane_of(forward))
        return lane.entries.get(identity_of(forward)) if lane else None

    def ready(self, route: Route) -> bool:
        """Whether forwards of the route can be opened."""
        opener = self._openers.get(route)
        return opener is not None and opener.ready

    def perhaps_open(self) -> Iterator[Forward]:
        """All that is open, or may be."""
        for lane in self._lanes.values():
            for entry in lane.entries.values():
                if entry.state is not State.FAILED:
                    yield entry.forward

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Work while the context lasts; then close everything. Raises what is a defect in the works."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                for lane in [*self._lanes.values()]:
                    self._touch(lane)
                try:
                    yield
                finally:
                    self._tasks = None
                    for worker in self._workers.values():
                        worker.cancel()
        finally:
            self._tasks = None
            for timer in self._timers.values():
                timer.cancel()
            self._timers.clear()
            await self._close_all()

    def _lane(self, key: LaneKey) -> Lane:
        return self._lanes.setdefault(key, Lane(key))

    def _touch(self, lane: Lane) -> None:
        """See to it that somebody looks what is to be done in the lane."""
        if self._tasks is None or lane.key in self._workers:
            return
        worker = self._tasks.create_task(self._work(lane), name=f"forwards of {lane.key[0]} {lane.key[1]}")
        self._workers[lane.key] = worker
        worker.add_done_callback(lambda _: self._leave(lane, worker))

    def _leave(self, lane: Lane, worker: "asyncio.Task[None] | None") -> None:
        if self._workers.get(lane.key) is worker:
            del self._workers[lane.key]

    async def _work(self, lane: Lane) -> None:
        while (step := lane.next_step(time.monotonic(), self.ready)) is not None:
            async with self._room[step.forward.route]:
                if step == lane.next_step(time.monotonic(), self.ready):  # it may have been a while
                    await self._take(step, lane)
        lane.prune()
        self._rest(lane)
        # At once, and not when the task is found to be done: who touches the lane in between is not to be ignored.
        self._leave(lane, asyncio.current_task())

    def _rest(self, lane: Lane) -> None:
        """Nothing is to be done in the lane until something changes, or some time."""
        if timer := self._timers.pop(lane.key, None):
            timer.cancel()
        if not lane.wanted and not lane.entries:
            self._lanes.pop(lane.key, None)
            return
        now = time.monotonic()
        if (when := lane.next_time(now)) < math.inf:
            later = asyncio.get_running_loop().call_later
            self._timers[lane.key] = later(when - now + 0.001, self._touch, lane)

    async def _take(self, step: Step, lane: Lane) -> None:
        """One operation; whatever ends it, what is known of the forward afterwards is true."""
        identity = identity_of(step.forward)
        entry = lane.entries.setdefault(identity, Entry(step.forward, State.UNCERTAIN))
        before = entry.look()
        entry.state, entry.forward = State.UNCERTAIN, step.forward
        self._changed(False)
        age = self._age[step.forward.route]
        if not step.opens:
            self._say_stopping(identity)
        try:
            await self._operate(step)
        except RouteLostError as error:
            log.debug("%s: %s", step.forward.host, error)
            entry.retry, entry.error, entry.holder = time.monotonic() + _LOST, "", ""
        except ForwardError as error:
            await self._failed(step, entry, error)
        else:
            self._done(step, lane, entry, is_true=age == self._age[step.forward.route])
        self._changed(entry.look() != before)

    async def _operate(self, step: Step) -> None:
        opener = self._openers[step.forward.route]
        try:
            await (opener.open if step.opens else opener.close)(step.forward)
        except ForwardError:
            raise
        except Exception as error:
            log.exception("a forward to %s has a defect", step.forward.host)
            raise ForwardError(f"a defect: {error!r}") from error

    def _done(self, step: Step, lane: Lane, entry: Entry, *, is_true: bool) -> None:
        identity = identity_of(step.forward)
        entry.error = entry.holder = ""
        if not step.opens:
            self._drop(lane, identity)
        elif is_true:
            entry.state = State.OPEN
            if identity not in self._announced:
                self._announced[identity] = step.forward
                self._told.forwarding(step.forward)

    async def _failed(self, step: Step, entry: Entry, error: ForwardError) -> None:
        """Try again after a while; the first time it is told, with who holds the port."""
        entry.retry = time.monotonic() + self._pause()
        if not step.opens:
            log.debug("%s was not closed: %s", step.forward.host, error)
            return
        is_news = not entry.error
        if is_news and is_taken(error) and self._looks.take():
            async with self._look:
                entry.holder = await portholder.holder(step.forward)
        if not self.ready(step.forward.route):
            return  # the way went away meanwhile, and that is what the error is about
        entry.state = State.FAILED
        entry.error = f"{error.message}; {error.hint}" if error.hint else error.message
        if is_news:
            self._announced.pop(identity_of(step.forward), None)
            held = f"; held by {entry.holder}" if entry.holder else ""
            self._told.failed(step.forward, f"{error.message}{held}", errno_of(error))

    def _pause(self) -> float:
        """Until the next try: longer when many fail. They are counted once a second."""
        count, counted = self._failures
        if (now := time.monotonic()) > counted + _RETRY:
            every = (entry for lane in self._lanes.values() for entry in lane.entries.values())
            count = sum(entry.error != "" for entry in every)
            self._failures = count, now
        return _RETRY + count / _RETRIES_A_SECOND

    def _drop(self, lane: Lane, identity: Forward) -> None:
        lane.entries.pop(identity, None)
        if identity not in lane.wanted:
            self._say_stopping(identity)

    def _say_stopping(self, identity: Forward) -> None:
        if forward := self._announced.pop(identity, None):
            self._told.stopping(forward)

    async def _close_all(self) -> None:
        """Close what may be open; what is cut short stays in the record for the next agent.

        That sockets end is told, as Lima tells it; that all ports do goes without saying.
        """
        for forward in self._announced.values():
            if forward.guest.startswith("/"):
                self._told.stopping(forward)
        self._announced.clear()
        await asyncio.gather(*(self._close_at_last(forward) for forward in [*self.perhaps_open()]))

    async def _close_at_last(self, forward: Forward) -> None:
        lane = self._lane(lane_of(forward))
        try:
            async with asyncio.timeout(_END), self._room[forward.route]:
                await self._operate(Step(forward, opens=False))
        except (ForwardError, TimeoutError) as error:
            log.debug("%s was not closed: %s", forward.host, error)
        else:
            lane.entries.pop(identity_of(forward), None)
