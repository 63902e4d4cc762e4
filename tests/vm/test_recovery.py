"""Forwards come back by themselves: after the guest agent, the guest, the ssh master or the host agent began anew."""

import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.forwards import (
    BACK,
    Forwards,
    kill_agent,
    master_pid,
    sudo,
    survive_a_restart_of_the_agent,
    work_within,
)
from tests.vm.guest import Guest, answers, connected, received, refuses, say
from tests.vm.limactl import Limactl, wait_for
from tests.vm.mountpoints import Shared

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

LOOPBACK = "127.0.0.1"
SOON = 15.0
_ports = itertools.count(24000)


@pytest.fixture(autouse=True)
def _nothing_stays_open(guest: Guest) -> Iterator[None]:
    yield
    guest.call("close_all")


def test_ports_that_change_while_the_guest_agent_is_away_are_right_when_it_is_back(
    limactl: Limactl, forwarding: str, guest: Guest, forwards: Forwards
) -> None:
    closed, opened = next(_ports), next(_ports)
    guest.open("tcp", "127.0.0.1", closed)
    wait_for("the port that will close", answers("tcp", LOOPBACK, closed), SOON)
    sudo(limactl, forwarding, "systemctl", "stop", "lima-guestagent")
    guest.close("tcp", "127.0.0.1", closed)
    guest.open("tcp", "0.0.0.0", opened)

    sudo(limactl, forwarding, "systemctl", "start", "lima-guestagent")

    wait_for("the agent to be back, and the new port", answers("tcp", LOOPBACK, opened), SOON)
    wait_for("the end of the old port", refuses("tcp", LOOPBACK, closed), BACK)
    work_within(forwards, BACK)


def test_a_restart_of_the_guest_agent_closes_no_forward(
    limactl: Limactl, forwarding: str, guest: Guest, forwards: Forwards
) -> None:
    survive_a_restart_of_the_agent(limactl, forwarding, guest, forwards, next(_ports))


def test_a_guest_agent_that_is_killed_is_forked_again_by_its_keeper_which_has_it_loaded(
    limactl: Limactl, forwarding: str, forwards: Forwards
) -> None:
    """So tunnels are back within 2 s; on this host's clock, which others keep busy, nothing is proved of that."""
    keeper, before = agent_processes(limactl, forwarding)

    sudo(limactl, forwarding, "kill", "-KILL", str(before))

    wait_for("another one", lambda: agent_processes(limactl, forwarding)[1] != before, SOON)
    work_within(forwards, SOON)
    # Whoever was loaded once is still the service: nothing was loaded again.
    assert agent_processes(limactl, forwarding)[0] == keeper


def agent_processes(limactl: Limactl, machine: str) -> tuple[int, int]:
    """The service of the guest agent, and what it has forked; raises ValueError while there is none."""
    script = "p=$(systemctl show -p MainPID --value lima-guestagent); echo $p $(pgrep -P $p)"
    keeper, child = map(int, sudo(limactl, machine, "sh", "-c", script).split())
    return keeper, child


@pytest.mark.parametrize("how", ["KILL", "TERM"])
def test_a_guest_agent_that_ended_without_being_told_to_is_started_again_at_once(
    how: str, limactl: Limactl, forwarding: str, guest: Guest, forwards: Forwards
) -> None:
    before = ended_and_started(limactl, forwarding)[1]

    sudo(limactl, forwarding, "systemctl", "kill", f"--signal={how}", "lima-guestagent")

    assert forwards["hostfwd"]()
    assert forwards["ssh"]()
    wait_for("another agent", lambda: ended_and_started(limactl, forwarding)[1] > before, SOON)
    # The rest is the time in which Python starts, which in an emulated guest is the load of the host's.
    ended, started = ended_and_started(limactl, forwarding)
    assert started - ended < 1
    work_within(forwards, SOON)


def ended_and_started(limactl: Limactl, machine: str) -> tuple[float, float]:
    """When the service of the guest agent became inactive and active the last time, in seconds of the guest's clock."""
    names = ("InactiveEnterTimestampMonotonic", "ActiveEnterTimestampMonotonic")
    told = sudo(limactl, machine, "systemctl", "show", *(f"-p{name}" for name in names), "lima-guestagent")
    values = dict(line.split("=", 1) for line in told.splitlines())
    return int(values[names[0]]) / 1e6, int(values[names[1]]) / 1e6


def test_an_ordinary_user_of_the_guest_does_not_reach_the_agent(guest: Guest) -> None:
    script = (
        "import glob, os, socket, sys\n"
        "ports = glob.glob('/dev/virtio-ports/*') + glob.glob('/dev/vport*')\n"
        "sockets = glob.glob('/run/lima-guestagent.sock')\n"
        "assert ports or sockets\n"
        "for path in ports:\n"
        "    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):\n"
        "        try: os.open(path, flags)\n"
        "        except PermissionError: continue\n"
        "        sys.exit(path + ' can be opened')\n"
        "for path in glob.glob('/var/lib/lima/*token*') + sockets:\n"
        "    if os.access(path, os.R_OK) or os.access(path, os.W_OK): sys.exit(path + ' can be used')\n"
    )

    status, output = guest.call("run", "setpriv", "--no-new-privs", "python3", "-c", script)

    assert (status, output) == (0, "")


def test_a_killed_ssh_master_takes_no_forward_with_it_for_long(
    limactl: Limactl, forwarding: str, guest: Guest, forwards: Forwards
) -> None:
    guest.call("unix", "/tmp/guest.sock")
    path = str(limactl.home / forwarding / "sock" / "guest.sock")
    wait_for("the socket", lambda: say(path) == b"got ping", SOON)
    before = master_pid(limactl, forwarding)

    os.kill(before, signal.SIGKILL)

    wait_for("another master", lambda: master_pid(limactl, forwarding) not in (0, before), 30)
    work_within(forwards, BACK)
    wait_for("the socket again", lambda: say(path) == b"got ping", BACK)
    wait_for("the static rule again", lambda: static_is_open(17401), BACK)


def static_is_open(port: int) -> bool:
    connected((LOOPBACK, port)).close()
    return True


def test_a_host_agent_that_was_killed_leaves_the_forwards_of_the_hypervisor_and_its_heir_has_all(
    limactl: Limactl, forwarding: str, guest: Guest, forwards: Forwards
) -> None:
    kept, closed = next(_ports), next(_ports)
    guest.open("tcp", "0.0.0.0", kept)
    guest.open("tcp", "0.0.0.0", closed)
    for port in (kept, closed):
        wait_for("the port", answers("tcp", LOOPBACK, port), SOON)
    with connected((LOOPBACK, kept)) as peer:
        peer.sendall(b"before, ")
        kill_agent(limactl, forwarding)
        guest.close("tcp", "0.0.0.0", closed)

        limactl.ok("start", forwarding)

        peer.sendall(b"after")
        peer.shutdown(socket.SHUT_WR)
        assert received(peer) == b"got before, after"
    wait_for("the end of a port that was closed meanwhile", refuses("tcp", LOOPBACK, closed), SOON)
    work_within(forwards, BACK)
    assert static_is_open(17401)


def test_every_port_goes_through_the_guest_agent_where_the_user_wants_it_so(
    limactl: Limactl, forwarding: str, guest: Guest
) -> None:
    kill_agent(limactl, forwarding)
    user = Limactl(limactl.home, env={"LIMA_SSH_PORT_FORWARDER": "false"})
    user.ok("start", forwarding)
    wildcard, loopback, first = next(_ports), next(_ports), next(_ports)
    guest.open("tcp", "0.0.0.0", wildcard)
    guest.open("tcp", "127.0.0.1", loopback)
    guest.open("tcp", "127.0.0.1", first, "first")
    data = os.urandom(1 << 20)
    for port in (wildcard, loopback):
        wait_for("the port", answers("tcp", LOOPBACK, port), SOON)
        assert say((LOOPBACK, port), data, 60) == b"got " + data
    wait_for("the port", lambda: say((LOOPBACK, first)) == b"hello", SOON)
    with connected((LOOPBACK, first)) as peer:
        assert received(peer) == b"hello"
        peer.sendall(b"through a tunnel")
        peer.shutdown(socket.SHUT_WR)
        wait_for("what we said", lambda: guest.call("last") == "through a tunnel", SOON)
    assert '"grpc"' in limactl.ok("ports", "--json", forwarding)
    kill_agent(limactl, forwarding)

    limactl.ok("start", forwarding)

    for port in (wildcard, loopback):
        wait_for("the port by its usual way", answers("tcp", LOOPBACK, port), SOON)
    assert '"hostfwd"' in limactl.ok("ports", "--json", forwarding)


def test_a_reboot_of_the_guest_leaves_no_forward_and_later_ones_work_as_do_its_mounts(
    limactl: Limactl, forwarding: str, guest: Guest, forwards: Forwards, by_ssh: Shared
) -> None:
    old = next(_ports)
    guest.open("tcp", "0.0.0.0", old)
    wait_for("the port", answers("tcp", LOOPBACK, old), SOON)
    boot = Path("/proc/sys/kernel/random/boot_id")
    first = limactl.ok("shell", forwarding, "cat", str(boot))

    limactl.run("shell", forwarding, "sudo", "reboot")

    wait_for("another boot", lambda: has_rebooted(limactl, forwarding, first), 300)
    guest.end()
    wait_for("the end of what listened before", refuses("tcp", LOOPBACK, old), 30)
    opened = time.monotonic()
    wildcard, loopback = old, next(_ports)
    guest.open("tcp", "0.0.0.0", wildcard)
    guest.open("udp", "127.0.0.1", loopback)
    wait_for("the same port again", answers("tcp", LOOPBACK, wildcard), 60)
    wait_for("a port by the guest agent", answers("udp", LOOPBACK, loopback), BACK)
    wait_for("the static rule", lambda: static_is_open(17401), BACK)
    guest.call("unix", "/tmp/guest.sock")
    wait_for("the socket", lambda: say(str(limactl.home / forwarding / "sock" / "guest.sock")) == b"got ping", SOON)
    assert time.monotonic() - opened < 60
    by_ssh.wait_until_back()
    assert limactl.status(forwarding) == "Running"


def has_rebooted(limactl: Limactl, machine: str, first: str) -> bool:
    done = limactl.run("shell", machine, "cat", "/proc/sys/kernel/random/boot_id", timeout=90)
    return done.returncode == 0 and done.stdout != first
