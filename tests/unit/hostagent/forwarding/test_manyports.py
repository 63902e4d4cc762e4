"""Ninety new listeners a second: the guest agent itself in a namespace, and forwards of the host through tunnels."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from limavm.hostagent.forwarding.forwarder import Forwarder
from limavm.hostagent.forwarding.portrules import Abilities, Policy, effective_rules
from limavm.hostagent.forwarding.tunnels import TunnelOpener
from limavm.hostagent.guestlink.guestagent import GuestAgent
from limavm.hostagent.guestlink.ways import unix_socket
from limavm.model.forward import PortState, Route

ROOT = Path(__file__).parents[4]
NAMESPACE = ["unshare", "--user", "--map-root-user", "--net"]
#: New listeners in a second, and for how many seconds; ten pass as well, and take a while.
RATE, SECONDS = 90, 2
FIRST = 21000

Place = tuple[str, str, int]


def has_namespaces() -> bool:
    argv = [*NAMESPACE, "true"]
    return bool(shutil.which("unshare")) and not subprocess.run(argv, check=False, capture_output=True).returncode


if sys.platform != "linux" or not has_namespaces():
    pytest.skip("a network namespace of one's own", allow_module_level=True)


def places(first: int, count: int) -> list[Place]:
    """TCP of two kinds and UDP in turn."""
    kinds = (("tcp", "0.0.0.0"), ("tcp", "127.0.0.1"), ("udp", "127.0.0.1"))
    return [(*kinds[number % 3], number) for number in range(first, first + count)]


class Lab:
    """The guest, and all that follows it on the host."""

    def __init__(self, guest: asyncio.subprocess.Process, agent: GuestAgent, record: Path) -> None:
        self.guest = guest
        policy = Policy(rules=effective_rules((), 60022), abilities=Abilities(hostfwd=False, ssh=False, grpc=True))
        openers = {Route.GRPC: TunnelOpener(agent)}
        self.forwarder = Forwarder(policy, openers, record=str(record), tell=lambda _: None)

    def open(self) -> set[tuple[str, int]]:
        """What is forwarded."""
        found = [one for one in self.forwarder.ports() if one.state is PortState.FORWARDED]
        return {(one.protocol, int(one.host_addr.rpartition(":")[2])) for one in found}

    async def change(self, opened: list[Place], closed: list[Place], rate: float) -> float:
        """Have programs listen and end in the guest."""
        assert self.guest.stdin
        assert self.guest.stdout
        self.guest.stdin.write(json.dumps([opened, closed, rate]).encode() + b"\n")
        return float(await self.guest.stdout.readline())

    async def until(self, wanted: list[Place]) -> None:
        """Return when just these are forwarded."""
        await until(lambda: self.open() == {(protocol, port) for protocol, _, port in wanted})


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def lab(directory: Path) -> AsyncIterator[Lab]:
    path = str(directory / "ga.sock")
    guest = await asyncio.create_subprocess_exec(
        *[*NAMESPACE, sys.executable, "-m", "tests.fakes.nativeguest", path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    agent = GuestAgent(unix_socket(path), listeners=lambda listeners: made.forwarder.listeners(listeners))
    made = Lab(guest, agent, directory / "forwards.json")
    tasks = [asyncio.create_task(part) for part in (agent.run(), made.forwarder.run())]
    try:
        async with asyncio.timeout(20):
            await agent.wait_connected()
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert guest.stdin
        guest.stdin.close()
        await guest.wait()


def said(protocol: str, port: int) -> bytes:
    """What a port of the host answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as peer:
        peer.settimeout(10)
        peer.connect(("127.0.0.1", port))
        peer.send(b"hello")
        return peer.recv(100)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_ninety_new_listeners_a_second_are_all_forwarded_and_leave_nothing(tmp_path: Path) -> None:
    count = round(RATE * SECONDS)
    old, new = places(FIRST, count), places(FIRST + count, count)
    async with lab(tmp_path) as both:
        tasks, before = len(asyncio.all_tasks()), descriptors()
        await both.change(old, [], 1000)
        await both.until(old)

        await both.change(new, old, RATE)
        await both.until(new)
        for protocol, _, port in new[:: count // 9]:
            assert await asyncio.to_thread(said, protocol, port) == b"hello"
        await both.change([], new, 1000)
        await both.until([])

        await until(lambda: len(asyncio.all_tasks()) <= tasks and descriptors() <= before + 1)
    assert not (tmp_path / "forwards.json").exists(), "it records what is left open"
