import asyncio
import socket
import sys
from collections.abc import AsyncIterator

import pytest

from limavm.guestagent.pace import SHORTEST_WITH_EVENTS
from limavm.guestagent.ports import Port
from limavm.guestagent.wakeups import Wakeups


@pytest.fixture
async def wakeups() -> AsyncIterator[Wakeups]:
    if sys.platform != "linux":
        pytest.skip("perf events are Linux's")
    wakeups = Wakeups()
    wakeups.open()
    wakeups.arm()
    wakeups.take(frozenset())
    yield wakeups
    wakeups.close()


async def happened(wakeups: Wakeups, known: frozenset[Port] = frozenset()) -> None:
    async def wait() -> None:
        while not wakeups.take(known):
            await wakeups.wait(60)

    await asyncio.wait_for(wait(), 20)


async def test_a_socket_that_begins_to_listen_wakes(wakeups: Wakeups) -> None:
    if not wakeups.complete:
        pytest.skip("the kernel gives us no events")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        await happened(wakeups)


async def test_what_was_asked_for_in_between_is_not_lost(wakeups: Wakeups) -> None:
    if not wakeups.complete:
        pytest.skip("the kernel gives us no events")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        while not wakeups.pending():
            await asyncio.sleep(0)

        await asyncio.wait_for(wakeups.wait(60), 20)
        assert wakeups.take(frozenset())


async def test_what_happened_before_it_was_opened_counts(wakeups: Wakeups) -> None:
    wakeups.open()

    assert wakeups.take(frozenset())


async def test_a_udp_socket_that_ceases_wakes(wakeups: Wakeups) -> None:
    if wakeups.shortest < SHORTEST_WITH_EVENTS:
        pytest.skip("the kernel gives us no events")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        port = Port("udp", "127.0.0.1", bound.getsockname()[1])
    await happened(wakeups, frozenset({port}))


async def test_a_wait_ends_when_its_time_is_up_and_when_it_is_cancelled() -> None:
    wakeups = Wakeups()
    await wakeups.wait(0.001)
    waiting = asyncio.create_task(wakeups.wait(60))
    await asyncio.sleep(0)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_it_can_be_opened_again_and_closed_twice(wakeups: Wakeups) -> None:
    complete = wakeups.complete
    wakeups.open()
    assert wakeups.complete == complete
    assert not wakeups.outdated()
    wakeups.close()
    wakeups.close()
    assert not wakeups.pending()
