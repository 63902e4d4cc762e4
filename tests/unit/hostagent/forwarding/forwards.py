"""What the tests of forwards share: an opener that keeps what is open, and a forwarder that runs."""

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from pathlib import Path

from limavm.hostagent.forwarding.forwarder import Forwarder
from limavm.hostagent.forwarding.opener import ForwardError, Opener
from limavm.hostagent.forwarding.portrules import Abilities, Policy, effective_rules
from limavm.model.config import PortForward
from limavm.model.event import PortForwardEvent
from limavm.model.forward import Forward, Listener, PortState, Route


class KeptOpener:
    """Opens nothing, and keeps what is open. Fails when two operations are for one forward at once."""

    def __init__(self) -> None:
        self.ready = True
        self.open_now: set[Forward] = set()
        self.log: list[str] = []
        self.taken: set[str] = set()
        self.broken: set[str] = set()
        #: Cleared to have operations hang.
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.most_at_once = 0
        self._busy: set[str] = set()

    async def open(self, forward: Forward) -> None:
        async with self._alone(forward):
            self.log.append(f"open {forward.host}")
            await self.goes_on.wait()
            await asyncio.sleep(0)
            if forward.host in self.taken:
                raise ForwardError("the host's port is in use") from OSError(errno.EADDRINUSE, "in use")
            if forward.host in self.broken:
                raise RuntimeError("broken")
            self.open_now.add(forward)
            await asyncio.sleep(0)

    async def close(self, forward: Forward) -> None:
        async with self._alone(forward):
            self.log.append(f"close {forward.host}")
            await self.goes_on.wait()
            await asyncio.sleep(0)
            self.open_now.discard(forward)

    @contextlib.asynccontextmanager
    async def _alone(self, forward: Forward) -> AsyncIterator[None]:
        place = forward.guest if forward.reverse else forward.host
        assert place not in self._busy, f"two operations at once on {place}"
        self._busy.add(place)
        self.most_at_once = max(self.most_at_once, len(self._busy))
        try:
            yield
        finally:
            self._busy.discard(place)


def listener(port: int, ip: str = "127.0.0.1", protocol: str = "tcp") -> Listener:
    return Listener(protocol=protocol, ip=ip, port=port)


def policy(*rules: PortForward, hostfwd: bool = True) -> Policy:
    return Policy(rules=effective_rules(rules, 60022), abilities=Abilities(hostfwd=hostfwd, ssh=True, grpc=True))


class Running:
    """A forwarder that runs, and what it has told."""

    def __init__(self, forwarder: Forwarder, events: list[PortForwardEvent]) -> None:
        self.forwarder = forwarder
        self.events = events

    def listen(self, *listeners: Listener) -> None:
        self.forwarder.listeners(frozenset(listeners))

    def states(self) -> dict[str, PortState]:
        return {status.guest_addr: status.state for status in self.forwarder.ports()}

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.001)

    async def until_states(self, **states: PortState) -> None:
        wanted = {f"127.0.0.1:{port.removeprefix('p')}": state for port, state in states.items()}
        await self.until(lambda: {guest: self.states().get(guest) for guest in wanted} == wanted)

    def told(self) -> list[str]:
        return [f"{event.type} {event.host_addr or event.guest_addr}" for event in self.events]


@contextlib.asynccontextmanager
async def running(
    openers: Mapping[Route, Opener], directory: Path, rules: Collection[PortForward] = (), *, hostfwd: bool = True
) -> AsyncIterator[Running]:
    """A forwarder that runs with these openers; it is cancelled on the way out, and has closed everything then."""
    events: list[PortForwardEvent] = []
    forwarder = Forwarder(
        policy(*rules, hostfwd=hostfwd), openers, record=str(directory / "forwards.json"), tell=events.append
    )
    task = asyncio.create_task(forwarder.run())
    try:
        yield Running(forwarder, events)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
