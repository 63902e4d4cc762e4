"""Whatever happens to operations and to their ways: in the end what is open is what is wanted, and then nothing."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from limavm.hostagent.forwarding.lanes import State, identity_of
from limavm.hostagent.forwarding.log import ForwardLog
from limavm.hostagent.forwarding.opener import ForwardError, RouteLostError
from limavm.hostagent.forwarding.works import ForwardWorks
from limavm.model.event import PortForwardEvent
from limavm.model.forward import Forward, Route
from tests.unit.hostagent.forwarding.forwards import KeptOpener

ROUTES = (Route.HOSTFWD, Route.SSH)
PLACES = ["127.0.0.1:80", "127.0.0.2:80", "127.0.0.1:81", "127.0.0.1:82", "/a.sock"]
FORWARDS = [
    Forward(protocol="tcp", guest="0.0.0.0:80", host=host, route=route)
    for host in PLACES
    for route in ROUTES
    if not (host.startswith("/") and route is Route.HOSTFWD)
]

#: Something that happens: the guest listens otherwise, a way is lost or comes back, the loop goes round.
Happening = tuple[str, frozenset[int]] | tuple[str, int]
HAPPENINGS = st.lists(
    st.tuples(st.just("want"), st.frozensets(st.integers(0, len(FORWARDS) - 1), max_size=5))
    | st.tuples(st.sampled_from(["lost", "restored", "spin"]), st.integers(0, 1)),
    max_size=40,
)


class Moody(KeptOpener):
    """Fails as it is told, before or after it has done its work."""

    def __init__(self, moods: list[str]) -> None:
        super().__init__()
        self.moods = moods

    async def open(self, forward: Forward) -> None:
        await self._in_a_mood(super().open, forward, opens=True)

    async def close(self, forward: Forward) -> None:
        await self._in_a_mood(super().close, forward, opens=False)

    async def _in_a_mood(
        self, operation: Callable[[Forward], Awaitable[None]], forward: Forward, *, opens: bool
    ) -> None:
        mood = self.moods.pop() if self.moods else "fine"
        if mood == "refuses":
            await asyncio.sleep(0)
            raise ForwardError("no")
        await operation(forward)
        if mood == "lost afterwards":
            raise RouteLostError("the answer did not come")
        if mood == "fails afterwards" and not opens:
            raise ForwardError("it cannot be said")


def wanted_of(choice: frozenset[int]) -> dict[str, Forward]:
    """One forward for each place, as the rules see to it."""
    return {FORWARDS[index].host: FORWARDS[index] for index in sorted(choice)}


async def spin(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.002)


MOODS = st.lists(st.sampled_from(["fine", "refuses", "lost afterwards", "fails afterwards"]), max_size=15)


@settings(max_examples=60)
@given(HAPPENINGS, MOODS, MOODS, st.booleans())
async def test_what_is_open_becomes_what_is_wanted(
    happenings: list[Happening], moods: list[str], more_moods: list[str], patient: bool
) -> None:
    openers = dict(zip(ROUTES, (Moody(moods), Moody(more_moods)), strict=True))
    events: list[PortForwardEvent] = []
    works = ForwardWorks(openers, ForwardLog(events.append), lambda _: None)
    wanted: dict[str, Forward] = {}
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(works.working())
        for happening in happenings:
            match happening:
                case "want", frozenset(choice):
                    wanted = wanted_of(choice)
                    works.want(wanted.values())
                case "lost", int(index):
                    openers[ROUTES[index]].ready = False
                    openers[ROUTES[index]].open_now.clear()
                    works.lost(ROUTES[index])
                case "restored", int(index):
                    openers[ROUTES[index]].ready = True
                    works.restored(ROUTES[index])
                case _, times:
                    await spin(5 if times else 1)
        if patient:
            for opener in openers.values():
                opener.moods.clear()
                opener.ready = True
            await until(lambda: settled(works, wanted))
            assert open_in(openers) == identities(wanted)
            assert announced(events) == {(one.guest, one.host) for one in wanted.values()}
        for opener in openers.values():
            opener.moods.clear()

    assert open_in(openers) == set()
    assert not any(works.perhaps_open())


def settled(works: ForwardWorks, wanted: dict[str, Forward]) -> bool:
    """Whether all that is wanted is open, and nothing else; until then, nobody waits a second for the next try."""
    for route in ROUTES:
        works.restored(route)
    entries = [works.entry(one) for one in wanted.values()]
    return len([*works.perhaps_open()]) == len(wanted) and all(one and one.state is State.OPEN for one in entries)


def open_in(openers: dict[Route, Moody]) -> set[Forward]:
    return {identity_of(one) for opener in openers.values() for one in opener.open_now}


def identities(wanted: dict[str, Forward]) -> set[Forward]:
    return {identity_of(one) for one in wanted.values()}


def announced(events: list[PortForwardEvent]) -> set[tuple[str, str]]:
    """What a listener to the events takes for forwarded."""
    now: list[tuple[str, str]] = []
    for event in events:
        place = (event.guest_addr, event.host_addr)
        if event.type == "forwarding":
            now.append(place)
        elif event.type in ("stopping", "failed") and place in now:
            now.remove(place)
    return set(now)


async def test_what_cannot_be_closed_in_the_end_is_known_to_whoever_comes_next() -> None:
    opener = Moody([])
    works = ForwardWorks({Route.SSH: opener}, ForwardLog(lambda _: None), lambda _: None)
    async with works.working():
        works.want([FORWARDS[1]])
        await until(lambda: opener.open_now == {FORWARDS[1]})
        opener.moods.append("refuses")

    assert [*works.perhaps_open()] == [FORWARDS[1]]
