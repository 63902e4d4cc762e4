"""Forwards through the ssh master: a small one that speaks the protocol stands in for OpenSSH's."""

import asyncio
import os
import random
import socket
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from limavm.host import aprocess
from limavm.host.aprocess import Completed
from limavm.host.net import free_tcp_port
from limavm.hostagent.forwarding.hostport import is_taken
from limavm.hostagent.forwarding.opener import ForwardError, RouteLostError
from limavm.hostagent.forwarding.sshforward import SSHOpener
from limavm.model.forward import Forward, PortState, Route
from tests.fakes.mux import FakeMaster
from tests.unit.hostagent.forwarding.forwards import listener, running

if sys.platform == "win32":
    pytest.skip("there is no control master on Windows", allow_module_level=True)


class HereIsTheGuest:
    """Runs the scripts for the guest on this host."""

    def __init__(self) -> None:
        self.scripts: list[str] = []

    async def run(self, script: str, *, timeout: float) -> Completed:
        self.scripts.append(script)
        return await aprocess.complete(["/bin/sh"], stdin=script.encode(), timeout=timeout)


@pytest.fixture
async def master(tmp_path: Path) -> AsyncIterator[FakeMaster]:
    async with FakeMaster(str(tmp_path / "ssh.sock")).serving() as master:
        yield master


def opener(master: FakeMaster, guest: HereIsTheGuest | None = None) -> SSHOpener:
    return SSHOpener(master.path, lambda: os.path.exists(master.path), guest or HereIsTheGuest())


def port_forward(port: int) -> Forward:
    return Forward(protocol="tcp", guest="127.0.0.1:1", host=f"127.0.0.1:{port}", route=Route.SSH)


def socket_forward(path: Path, *, guest: str = "/nobody", reverse: bool = False) -> Forward:
    return Forward(protocol="unix", guest=guest, host=str(path), route=Route.SSH, reverse=reverse)


async def test_a_port_is_opened_and_closed_and_both_are_harmless_twice(master: FakeMaster) -> None:
    ssh, forward = opener(master), port_forward(free_tcp_port())

    await ssh.open(forward)
    await ssh.open(forward)
    assert len(master.forwards) == 1
    await ssh.close(forward)
    await ssh.close(forward)
    assert master.forwards == {}


async def test_a_taken_port_is_told_as_the_kernel_tells_it_and_the_master_is_not_asked_again(
    master: FakeMaster,
) -> None:
    ssh = opener(master)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        forward = port_forward(holder.getsockname()[1])
        for _ in range(3):
            with pytest.raises(ForwardError, match="in use") as taken:
                await ssh.open(forward)
            assert is_taken(taken.value)
        assert len(master.log) == 1

    await ssh.open(forward)
    assert len(master.log) == 2


async def test_the_directory_of_a_socket_is_made_for_the_user_and_the_group(master: FakeMaster, tmp_path: Path) -> None:
    path = tmp_path / "sock" / "docker.sock"
    ssh = opener(master)

    await ssh.open(socket_forward(path))
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750
    await ssh.close(socket_forward(path))
    assert not path.exists()


async def test_the_server_of_a_reverse_forward_finds_its_directory(master: FakeMaster, tmp_path: Path) -> None:
    path = tmp_path / "sock" / "agent.sock"

    await opener(master).open(socket_forward(path, guest=str(tmp_path / "in-guest.sock"), reverse=True))

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750


async def test_a_stale_socket_is_replaced(master: FakeMaster, tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))

    await opener(master).open(socket_forward(path))

    _, writer = await asyncio.open_unix_connection(path)
    writer.close()


async def test_what_is_no_socket_is_left_alone(master: FakeMaster, tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    path.write_text("precious")
    ssh = opener(master)

    with pytest.raises(ForwardError, match="no socket"):
        await ssh.open(socket_forward(path))
    await ssh.close(socket_forward(path))

    assert path.read_text() == "precious"


async def test_a_socket_on_which_somebody_listens_is_left_alone(master: FakeMaster, tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(path))
        theirs.listen()
        with pytest.raises(ForwardError, match="somebody else listens"):
            await opener(master).open(socket_forward(path))

        assert path.exists()


async def test_of_a_reverse_forward_nothing_stays_in_the_guest(master: FakeMaster, tmp_path: Path) -> None:
    guest = HereIsTheGuest()
    path = tmp_path / "it's in the guest"
    path.write_text("left by an earlier run")
    ssh, forward = opener(master, guest), socket_forward(tmp_path / "host.sock", guest=str(path), reverse=True)

    await ssh.open(forward)
    assert stat.S_ISSOCK(path.stat().st_mode)
    await ssh.close(forward)

    assert not path.exists()
    assert len(guest.scripts) == 2


async def test_without_a_master_the_way_is_lost_and_sockets_are_still_removed(
    master: FakeMaster, tmp_path: Path
) -> None:
    ssh, path = opener(master), tmp_path / "docker.sock"
    await ssh.open(socket_forward(path))
    await master.end()

    with pytest.raises(RouteLostError):
        await ssh.open(port_forward(free_tcp_port()))
    with pytest.raises(RouteLostError):
        await ssh.close(socket_forward(path))
    os.unlink(master.path)
    assert not ssh.ready
    await ssh.close(socket_forward(path))
    assert not path.exists()


async def test_forwards_come_back_within_two_seconds_when_the_master_does(master: FakeMaster, tmp_path: Path) -> None:
    path, port = tmp_path / "sock" / "docker.sock", free_tcp_port()
    connected = True
    ssh = SSHOpener(master.path, lambda: connected, HereIsTheGuest())
    async with running({Route.SSH: ssh}, tmp_path) as one:
        one.listen(listener(port))
        await one.until(lambda: one.states() == {f"127.0.0.1:{port}": PortState.FORWARDED})
        await master.end()
        connected = False
        one.forwarder.lost(Route.SSH)
        assert one.states() == {f"127.0.0.1:{port}": PortState.PENDING}
        await master.start()
        connected = True
        one.forwarder.restored(Route.SSH)
        async with asyncio.timeout(2):
            await one.until(lambda: one.states() == {f"127.0.0.1:{port}": PortState.FORWARDED})

    assert master.forwards == {}
    assert not path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
async def test_ports_that_come_and_go_leave_no_descriptor(master: FakeMaster, tmp_path: Path) -> None:
    dice = random.Random(11)
    ports = [free_tcp_port() for _ in range(40)]
    ssh = opener(master)
    await ssh.open(port_forward(ports[0]))
    await ssh.close(port_forward(ports[0]))
    before = len(os.listdir("/proc/self/fd"))
    async with running({Route.SSH: ssh}, tmp_path) as one:
        for _ in range(300):
            one.listen(*(listener(port) for port in dice.sample(ports, dice.randrange(len(ports)))))
            await asyncio.sleep(0.002)
        one.listen(listener(ports[0]))
        await one.until(lambda: len(master.forwards) == 1)
        await one.until(lambda: one.states() == {f"127.0.0.1:{ports[0]}": PortState.FORWARDED})

    assert master.forwards == {}
    async with asyncio.timeout(10):  # the master's side of the last order is closed a moment later
        while len(os.listdir("/proc/self/fd")) > before:
            await asyncio.sleep(0.001)
