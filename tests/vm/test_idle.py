"""More idle connections than usual limits of open files allow, by each way: all work, and nothing of them stays."""

import contextlib
import dataclasses
import itertools
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.vm.forwards import kill_agent, master_pid
from tests.vm.guest import Guest, answers, connected, received
from tests.vm.limactl import Limactl, wait_for
from tests.vm.test_ports import busy, descriptors, has_at_most, line_of

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)
import resource  # there is none on Windows

pytestmark = pytest.mark.vm

LOOPBACK = "127.0.0.1"
SOON = 30.0
#: Programs have 1024 descriptors unless somebody raises that: here, on the host, and in the guest.
CONNECTIONS = 1500
#: The hypervisor keeps a socket for minutes for each name that the guest asks for.
NAMES = 200
_ports = itertools.count(27000)


@pytest.fixture(autouse=True)
def _room(guest: Guest) -> Iterator[None]:
    """Descriptors for both ends of the connections: ours, and the guest's program."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CONNECTIONS + 500:
        pytest.skip(f"programs of this host may have {hard} open files only")
    raised = guest.call("run", "sh", "-c", "prlimit --pid $PPID --nofile=8192:")
    assert raised[0] == 0, raised
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    guest.call("close_all")


@contextlib.contextmanager
def forwarded_by(way: str, limactl: Limactl, machine: str) -> Iterator[None]:
    """A host agent that uses nothing but tunnels, for the way that needs it."""
    if way != "grpc":
        yield
        return
    kill_agent(limactl, machine)
    dataclasses.replace(limactl, env={**limactl.env, "LIMA_SSH_PORT_FORWARDER": "false"}).ok("start", machine)
    yield
    kill_agent(limactl, machine)
    limactl.ok("start", machine)


@pytest.mark.parametrize(("way", "ip"), [("hostfwd", "0.0.0.0"), ("ssh", LOOPBACK), ("grpc", LOOPBACK)])
def test_idle_connections_beyond_the_usual_limit_all_work_and_leave_nothing(
    way: str, ip: str, limactl: Limactl, forwarding: str, guest: Guest
) -> None:
    with forwarded_by(way, limactl, forwarding):
        port = next(_ports)
        guest.open("tcp", ip, port)
        wait_for("the port", answers("tcp", LOOPBACK, port), SOON)
        assert line_of(limactl, forwarding, f"{ip}:{port}")["route"] == way
        wait_for("the limit of sshd to be raised", partial(sshd_has_room, limactl, forwarding), SOON)
        before = {pid: descriptors(pid) for pid in processes(limactl, forwarding)}

        with ThreadPoolExecutor(30) as pool:
            idle = list(pool.map(lambda _: asking(port), range(CONNECTIONS)))
            wait_for("all in the guest", lambda: guest.call("peers")[0] == CONNECTIONS, SOON)
            assert limactl.ok("shell", forwarding, "echo", "there is room for a shell").startswith("there is room")
            said = list(pool.map(answer_of, idle))

        assert Counter(said) == {b"got ping": CONNECTIONS}
        wait_for("the end of all in the guest", lambda: guest.call("peers")[0] == 0, SOON)
        for pid, count in before.items():
            wait_for(f"about as few descriptors as before in {pid}", partial(has_at_most, pid, count + NAMES))
        wait_for("an idle host agent", lambda: busy(processes(limactl, forwarding)[0]) < 0.05, SOON)


def asking(port: int) -> socket.socket:
    """A connection over which something was said; the answer comes when our end was said as well."""
    peer = connected((LOOPBACK, port), SOON)
    peer.sendall(b"ping")
    return peer


def answer_of(peer: socket.socket) -> bytes:
    with peer:
        peer.shutdown(socket.SHUT_WR)
        return received(peer)


def sshd_has_room(limactl: Limactl, machine: str) -> bool:
    """Whether what is started through the master's connection, which inherits the limit of its sshd, may open more."""
    return int(limactl.ok("shell", machine, "sh", "-c", "ulimit -Sn")) > CONNECTIONS


def processes(limactl: Limactl, machine: str) -> list[int]:
    """Host agent, hypervisor and ssh master."""
    found = limactl.instance(machine)
    return [found["hostAgentPID"], found["driverPID"], master_pid(limactl, machine)]
