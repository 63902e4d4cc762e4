import asyncio
import contextlib
import errno
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Generator

import pytest

from limavm.guestagent.kubernetes import Services
from limavm.guestagent.pace import SHORTEST
from limavm.guestagent.ports import Port
from limavm.guestagent.sockdiag import Found, SockDiag
from limavm.guestagent.watcher import Watcher, merged

linux = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")

WEB = Port("tcp", "0.0.0.0", 80)
DNS = Port("udp", "127.0.0.53", 53)


class Kernel(SockDiag):
    """A kernel that finds what it is told to, in as many steps as one likes."""

    def __init__(self, *ports: Port, exact: bool = True) -> None:
        super().__init__()
        self.ports = frozenset(ports)
        self.exact = exact
        self.looks = 0
        self.error: OSError | None = None

    def look(self) -> Generator[None, None, Found]:
        self.looks += 1
        yield
        if self.error:
            raise self.error
        return Found(self.ports, self.exact)


@contextlib.asynccontextmanager
async def running(watcher: Watcher) -> AsyncIterator[Watcher]:
    task = asyncio.create_task(watcher.run())
    try:
        yield watcher
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def polling(kernel: SockDiag, *, limit: int = 100) -> Watcher:
    return Watcher(events=False, diag=kernel, services=Services(kubeconfigs=()), limit=limit)


async def until(watcher: Watcher, right: Callable[[frozenset[Port]], bool]) -> frozenset[Port]:
    async def wait() -> frozenset[Port]:
        ports = await watcher.changed(frozenset({Port("tcp", "none", 0)}))
        while not right(ports):
            ports = await watcher.changed(ports)
        return ports

    return await asyncio.wait_for(wait(), 20)


async def test_what_listens_is_told_as_soon_as_it_is_known() -> None:
    async with running(polling(Kernel(WEB))) as watcher:
        assert await watcher.changed(frozenset()) == {WEB}


async def test_nothing_is_told_until_it_differs_from_what_is_known() -> None:
    kernel = Kernel(WEB)
    async with running(polling(kernel)) as watcher:
        known = await watcher.changed(frozenset())
        waiting = asyncio.create_task(watcher.changed(known))
        assert await watcher.now() == {WEB}
        assert not waiting.done()
        kernel.ports = frozenset({WEB, DNS})

        assert await waiting == {WEB, DNS}


async def test_several_may_wait_with_different_knowledge() -> None:
    kernel = Kernel(WEB)
    async with running(polling(kernel)) as watcher:
        await watcher.changed(frozenset())
        waiting = [asyncio.create_task(watcher.changed(frozenset(known))) for known in ([WEB], [WEB], [DNS])]
        assert await waiting[2] == {WEB}
        kernel.ports = frozenset()

        assert await asyncio.gather(*waiting[:2]) == [frozenset(), frozenset()]


async def test_a_fresh_look_can_be_had_without_running() -> None:
    assert await polling(Kernel(DNS)).now() == {DNS}


async def test_a_kernel_that_does_not_answer_is_told_and_nothing_is_forgotten() -> None:
    kernel = Kernel(WEB)
    watcher = polling(kernel)
    told: asyncio.Queue[str] = asyncio.Queue()
    watcher.errors = told.put_nowait
    async with running(watcher):
        await watcher.changed(frozenset())
        kernel.error = OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
        assert "cannot find out what listens" in await asyncio.wait_for(told.get(), 20)
        with pytest.raises(OSError, match=r".+"):
            await watcher.now()
        kernel.error, kernel.ports = None, frozenset({WEB, DNS})

        assert await watcher.changed(frozenset({WEB})) == {WEB, DNS}


async def test_a_kernel_that_does_not_answer_is_not_asked_in_haste() -> None:
    kernel = Kernel(WEB, DNS, exact=False)
    watcher = polling(kernel)
    told: asyncio.Queue[str] = asyncio.Queue()
    watcher.errors = told.put_nowait
    async with running(watcher):
        await watcher.changed(frozenset())
        kernel.ports = frozenset({WEB})
        await watcher.now()
        kernel.error = OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
        await asyncio.wait_for(told.get(), 20)
        looks, began = kernel.looks, time.monotonic()
        await asyncio.wait_for(told.get(), 20)

        assert kernel.looks == looks + 1
        assert time.monotonic() - began > SHORTEST / 2


async def test_what_is_missing_in_a_long_list_is_gone_only_when_it_is_missing_again() -> None:
    kernel = Kernel(WEB, DNS, exact=False)
    watcher = polling(kernel)
    assert await watcher.now() == {WEB, DNS}
    kernel.ports = frozenset({WEB})
    assert await watcher.now() == {WEB, DNS}
    assert await watcher.now() == {WEB}
    kernel.ports = frozenset({DNS})
    assert await watcher.now() == {WEB, DNS}
    kernel.ports = frozenset({WEB, DNS})
    assert await watcher.now() == {WEB, DNS}
    kernel.ports, kernel.exact = frozenset({DNS}), True
    assert await watcher.now() == {DNS}


async def test_more_ports_than_anyone_wants_are_cut_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    kernel = Kernel(*(Port("udp", "127.0.0.1", number) for number in range(1, 200)), WEB)
    watcher = polling(kernel, limit=100)

    first = await watcher.now()
    kernel.ports |= {Port("udp", "127.0.0.1", 60000)}
    assert await watcher.now() == first
    assert len(first) == 100
    assert WEB in first
    assert caplog.text.count("only 100 of them") == 1


async def test_a_look_that_is_cancelled_leaves_the_watcher_usable() -> None:
    kernel = Kernel(WEB)
    watcher = polling(kernel)
    look = asyncio.create_task(watcher.now())
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look

    assert await watcher.now() == {WEB}


def test_a_service_is_told_unless_a_socket_has_its_number() -> None:
    service, other = Port("tcp", "0.0.0.0", 30080), Port("udp", "0.0.0.0", 53)

    assert merged(frozenset({WEB, DNS}), frozenset({service, other})) == {WEB, DNS, service}


@linux
@pytest.mark.parametrize("events", [True, False])
@pytest.mark.parametrize(("protocol", "kind"), [("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)])
async def test_real_sockets_are_told_when_they_come_and_go(events: bool, protocol: str, kind: int) -> None:
    async with running(Watcher(events=events, services=Services(kubeconfigs=()))) as watcher:
        await watcher.changed(frozenset({WEB}))
        with socket.socket(socket.AF_INET, kind) as bound:
            bound.bind(("127.0.0.1", 0))
            if kind == socket.SOCK_STREAM:
                bound.listen()
            port = Port(protocol, "127.0.0.1", bound.getsockname()[1])
            await until(watcher, lambda ports: port in ports)
        await until(watcher, lambda ports: port not in ports)


@linux
async def test_a_storm_of_sockets_costs_few_looks() -> None:
    diag = Counted()
    async with running(Watcher(services=Services(kubeconfigs=()), diag=diag)) as watcher:
        await watcher.changed(frozenset({WEB}))
        before = diag.looks
        for _ in range(100):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
                bound.bind(("127.0.0.1", 0))
            await asyncio.sleep(0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.bind(("127.0.0.1", 0))
            port = Port("udp", "127.0.0.1", last.getsockname()[1])
            await until(watcher, lambda ports: port in ports)

        assert diag.looks - before < 30


class Counted(SockDiag):
    """The kernel itself, and how often it was asked."""

    looks = 0

    def look(self) -> Generator[None, None, Found]:
        self.looks += 1
        return super().look()
