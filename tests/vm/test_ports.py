"""Ports and sockets of the guest on the host: found, forwarded by every rule, told, and gone again."""

import itertools
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.vm.guest import Guest, answers, connected, received, refuses, say
from tests.vm.limactl import Limactl, wait_for

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

#: Seconds until a forward must be there or gone, on a host that is busy with an emulated guest.
SOON = 15.0
LOOPBACK = "127.0.0.1"
_ports = itertools.count(21000)


@pytest.fixture
def port() -> int:
    """A port that no other test uses."""
    return next(_ports)


@pytest.fixture(autouse=True)
def _nothing_stays_open(guest: Guest) -> Iterator[None]:
    yield
    guest.call("close_all")


def shown(limactl: Limactl, machine: str) -> list[dict[str, Any]]:
    """What `limactl ports --json` tells."""
    return [json.loads(line) for line in limactl.ok("ports", "--json", machine).splitlines()]


def line_of(limactl: Limactl, machine: str, guest_addr: str, protocol: str = "tcp") -> dict[str, Any]:
    """The line about an address of the guest; empty when there is none."""
    lines = shown(limactl, machine)
    return next((line for line in lines if (line["guestAddr"], line["protocol"]) == (guest_addr, protocol)), {})


WAYS = [
    ("tcp", "0.0.0.0"),
    ("tcp", "::"),
    ("tcp", "127.0.0.1"),
    ("tcp", "::1"),
    ("udp", "0.0.0.0"),
    ("udp", "::"),
    ("udp", "127.0.0.1"),
    ("udp", "::1"),
]


@pytest.mark.parametrize(("protocol", "ip"), WAYS)
def test_a_port_is_reachable_on_the_host_while_the_guest_has_it_open(
    protocol: str, ip: str, port: int, guest: Guest
) -> None:
    guest.open(protocol, ip, port)
    wait_for(f"{protocol} {ip} to answer", answers(protocol, LOOPBACK, port), SOON)

    guest.close(protocol, ip, port)

    wait_for(f"the end of {protocol} {ip}", refuses(protocol, LOOPBACK, port), SOON)


def test_a_port_for_ipv6_alone_is_reachable(port: int, guest: Guest) -> None:
    guest.open("tcp", "::", port, v6only=True)

    wait_for("a port on :: alone", answers("tcp", LOOPBACK, port), SOON)


def test_the_same_port_of_two_protocols_and_two_addresses(port: int, guest: Guest) -> None:
    guest.open("tcp", "127.0.0.1", port)
    guest.open("udp", "127.0.0.1", port)
    guest.open("tcp", "::1", port)
    wait_for("tcp", answers("tcp", LOOPBACK, port), SOON)
    wait_for("udp", answers("udp", LOOPBACK, port), SOON)

    guest.close("tcp", "127.0.0.1", port)

    wait_for("the other one's turn", answers("tcp", LOOPBACK, port), SOON)
    guest.close("tcp", "::1", port)
    wait_for("the end of both", refuses("tcp", LOOPBACK, port), SOON)
    assert answers("udp", LOOPBACK, port)()


def test_an_ignored_port_stays_in_the_guest(limactl: Limactl, forwarding: str, guest: Guest) -> None:
    guest.open("tcp", "127.0.0.1", 7001)
    guest.open("udp", "127.0.0.1", 7700)
    guest.open("tcp", "127.0.0.1", 7700)

    wait_for("the port beside it", answers("tcp", LOOPBACK, 7700), SOON)
    wait_for("a word about it", lambda: line_of(limactl, forwarding, "127.0.0.1:7001"), SOON)
    line = line_of(limactl, forwarding, "127.0.0.1:7001")
    assert line["state"] == "ignored"
    assert line["reason"]
    assert line_of(limactl, forwarding, "127.0.0.1:7700", "udp")["state"] == "ignored"
    assert refuses("tcp", LOOPBACK, 7001)()


def test_ssh_is_never_forwarded(limactl: Limactl, forwarding: str) -> None:
    wait_for("a word about ssh", lambda: line_of(limactl, forwarding, "0.0.0.0:22"), SOON)

    assert line_of(limactl, forwarding, "0.0.0.0:22")["state"] == "ignored"


def test_a_range_keeps_its_order(guest: Guest) -> None:
    guest.open("tcp", "127.0.0.1", 7100)
    guest.open("udp", "0.0.0.0", 7109)

    wait_for("the first port", answers("tcp", LOOPBACK, 17100), SOON)
    wait_for("the last port", answers("udp", LOOPBACK, 17109), SOON)


@pytest.mark.parametrize("ip", ["0.0.0.0", "127.0.0.1"])
def test_another_address_of_the_host(ip: str, guest: Guest) -> None:
    guest.open("tcp", ip, 7200)

    wait_for("127.0.0.2", answers("tcp", "127.0.0.2", 7200), SOON)
    assert refuses("tcp", LOOPBACK, 7200)()


def test_a_rule_for_the_wildcard_alone_does_not_match_loopback(guest: Guest) -> None:
    guest.open("tcp", "0.0.0.0", 7300)
    wait_for("the rule's port", answers("tcp", LOOPBACK, 17300), SOON)
    guest.close("tcp", "0.0.0.0", 7300)
    wait_for("its end", refuses("tcp", LOOPBACK, 17300), SOON)

    guest.open("tcp", "127.0.0.1", 7300)

    wait_for("the default rule's port", answers("tcp", LOOPBACK, 7300), SOON)
    assert refuses("tcp", LOOPBACK, 17300)()


@pytest.mark.parametrize(("guest_port", "host_port"), [(7401, 17401), (7402, 17402), (7403, 17403)])
def test_a_static_rule_is_forwarded_before_anything_listens(guest_port: int, host_port: int, guest: Guest) -> None:
    wait_for("the host's port", lambda: not refuses_now(host_port), SOON)

    guest.open("tcp", "127.0.0.1", guest_port)
    guest.open("udp", "127.0.0.1", guest_port)

    wait_for("the guest's answer", answers("tcp", LOOPBACK, host_port), SOON)
    wait_for("the guest's datagram", answers("udp", LOOPBACK, host_port), SOON)
    guest.close("tcp", "127.0.0.1", guest_port)
    assert not refuses_now(host_port)


def refuses_now(host_port: int) -> bool:
    """Whether nobody listens on a port of the host's loopback."""
    try:
        socket.create_connection((LOOPBACK, host_port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_port_of_the_guest_as_a_socket_of_the_host(limactl: Limactl, forwarding: str, guest: Guest) -> None:
    path = limactl.home / forwarding / "sock" / "port.sock"
    guest.open("tcp", "127.0.0.1", 7500)

    wait_for("the socket", lambda: say(str(path)) == b"got ping", SOON)
    guest.close("tcp", "127.0.0.1", 7500)

    wait_for("the socket's end", lambda: not path.exists(), SOON)


def test_sockets_of_the_guest_as_a_socket_and_as_a_port_of_the_host(
    limactl: Limactl, forwarding: str, guest: Guest
) -> None:
    guest.call("unix", "/tmp/guest.sock")
    guest.call("unix", "/tmp/second.sock")

    path = str(limactl.home / forwarding / "sock" / "guest.sock")
    wait_for("the socket", lambda: say(path) == b"got ping", SOON)
    wait_for("the port", answers("tcp", LOOPBACK, 17600), SOON)


def test_a_socket_of_the_host_in_the_guest(limactl: Limactl, forwarding: str, guest: Guest) -> None:
    path = limactl.home / forwarding / "sock" / "host.sock"
    path.parent.mkdir(mode=0o750, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=answer_once, args=(server,), daemon=True)
        thread.start()

        assert guest.call("say_unix", "/tmp/reverse.sock", "ping") == "got ping"
        thread.join(10)
    path.unlink()


def answer_once(server: socket.socket) -> None:
    peer, _ = server.accept()
    with peer:
        peer.sendall(b"got " + received(peer))


@pytest.mark.parametrize(("protocol", "ip"), [("tcp", "0.0.0.0"), ("tcp", "127.0.0.1"), ("udp", "127.0.0.1")])
def test_a_port_of_the_host_that_is_taken_is_told_with_its_holder_and_used_when_free(
    protocol: str, ip: str, port: int, limactl: Limactl, forwarding: str, guest: Guest
) -> None:
    address = f"{ip}:{port}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM) as holder:
        holder.bind((LOOPBACK, port))
        if protocol == "tcp":
            holder.listen()
        guest.open(protocol, ip, port)
        wait_for("the failure", lambda: line_of(limactl, forwarding, address, protocol).get("state") == "failed", SOON)
        line = line_of(limactl, forwarding, address, protocol)
        assert f"PID {os.getpid()}" in line["holder"]
        assert line["reason"]

    wait_for("the forward", answers(protocol, LOOPBACK, port), SOON)
    assert line_of(limactl, forwarding, address, protocol)["state"] == "forwarded"


def test_ports_are_shown_with_the_way_they_go(limactl: Limactl, forwarding: str, guest: Guest) -> None:
    wildcard, loopback, datagrams = (next(_ports) for _ in range(3))
    guest.open("tcp", "0.0.0.0", wildcard)
    guest.open("tcp", "127.0.0.1", loopback)
    guest.open("udp", "127.0.0.1", datagrams)
    for protocol, number in (("tcp", wildcard), ("tcp", loopback), ("udp", datagrams)):
        wait_for(f"{protocol} {number}", answers(protocol, LOOPBACK, number), SOON)

    ways = {
        line["guestAddr"]: (line["hostAddr"], line["route"], line["state"])
        for line in shown(limactl, forwarding)
        if line["state"] == "forwarded"
    }
    assert ways[f"0.0.0.0:{wildcard}"] == (f"{LOOPBACK}:{wildcard}", "hostfwd", "forwarded")
    assert ways[f"127.0.0.1:{loopback}"] == (f"{LOOPBACK}:{loopback}", "ssh", "forwarded")
    assert ways[f"127.0.0.1:{datagrams}"] == (f"{LOOPBACK}:{datagrams}", "grpc", "forwarded")
    table = limactl.ok("ports", forwarding)
    assert f"{LOOPBACK}:{loopback}" in table
    assert "forwarded" in table
    log = (limactl.home / forwarding / "ha.stderr.log").read_text()
    assert f"Forwarding TCP from 127.0.0.1:{loopback} to {LOOPBACK}:{loopback}" in log


def test_watching_tells_of_a_port_that_opens_and_closes(
    port: int, limactl: Limactl, forwarding: str, guest: Guest
) -> None:
    with subprocess.Popen(
        limactl.argv("ports", "--json", "--watch", forwarding),
        env=limactl.environment(),
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as child:
        assert child.stdout
        lists = lists_of(child.stdout.fileno())
        states = (states_of(found, f"127.0.0.1:{port}") for found in lists)
        assert next(states) == []

        guest.open("tcp", "127.0.0.1", port)
        while "forwarded" not in next(states):
            pass
        guest.close("tcp", "127.0.0.1", port)
        while next(states):
            pass

        child.terminate()


def lists_of(descriptor: int) -> Iterator[list[dict[str, Any]]]:
    """Each list that a program prints on a line, as it comes; fails the test when none comes for some time."""
    found = b""
    while True:
        while b"\n" not in found:
            ready, _, _ = select.select([descriptor], [], [], SOON)
            assert ready, f"no line for {SOON:g} s after {found!r}"
            chunk = os.read(descriptor, 1 << 16)
            assert chunk, f"it has ended: {found!r}"
            found += chunk
        line, _, found = found.partition(b"\n")
        yield json.loads(line)["ports"]


def states_of(ports: list[dict[str, Any]], guest_addr: str) -> list[str]:
    return [line["state"] for line in ports if line["guestAddr"] == guest_addr]


ROUTES = ["0.0.0.0", "127.0.0.1"]


@pytest.mark.parametrize("ip", ROUTES)
def test_each_side_may_end_first_and_still_hear_the_other(ip: str, port: int, guest: Guest) -> None:
    guest.open("tcp", ip, port, "first")
    wait_for("the port", lambda: say((LOOPBACK, port)) == b"hello", SOON)

    with connected((LOOPBACK, port)) as peer:
        assert received(peer) == b"hello"  # the guest has ended, and listens
        peer.sendall(b"said afterwards")
        peer.shutdown(socket.SHUT_WR)
        wait_for("what we said", lambda: guest.call("last") == "said afterwards", SOON)


@pytest.mark.parametrize("ip", ROUTES)
def test_a_reset_by_the_guest_ends_the_connection(ip: str, port: int, guest: Guest) -> None:
    guest.open("tcp", ip, port, "reset")
    wait_for("the port", lambda: ended_by(port) is not None, SOON)

    assert ended_by(port) in ("reset", "end")


def ended_by(port: int) -> str:
    with connected((LOOPBACK, port)) as peer:
        peer.sendall(b"x")
        try:
            return "end" if peer.recv(1) == b"" else "data"
        except ConnectionResetError:
            return "reset"


@pytest.mark.parametrize("ip", ROUTES)
def test_a_reset_by_the_host_ends_the_connection_in_the_guest(ip: str, port: int, guest: Guest) -> None:
    guest.open("tcp", ip, port, "swallow")
    wait_for("the port", lambda: accepted(port), SOON)
    peer = connected((LOOPBACK, port))
    peer.sendall(b"x")
    wait_for("the connection in the guest", lambda: guest.call("peers")[0] >= 1, SOON)

    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()

    wait_for("its end in the guest", lambda: guest.call("peers")[0] == 0, SOON)


@pytest.mark.parametrize("ip", ROUTES)
def test_a_megabyte_goes_both_ways_unchanged(ip: str, port: int, guest: Guest) -> None:
    data = os.urandom(1 << 20)
    guest.open("tcp", ip, port)
    wait_for("the port", answers("tcp", LOOPBACK, port), SOON)

    assert say((LOOPBACK, port), data, 60) == b"got " + data


@pytest.mark.parametrize("ip", ROUTES)
def test_connections_that_come_at_once_are_all_answered_at_once(ip: str, port: int, guest: Guest) -> None:
    guest.open("tcp", ip, port)
    wait_for("the port", answers("tcp", LOOPBACK, port), SOON)

    with ThreadPoolExecutor(30) as pool:
        said = list(pool.map(lambda _: say((LOOPBACK, port)), range(30)))

    assert said == [b"got ping"] * 30


def accepted(port: int) -> bool:
    """Whether somebody listens on a port of the host; raises OSError when not."""
    connected((LOOPBACK, port)).close()
    return True


def test_many_idle_connections_do_not_keep_a_new_one_from_answering(port: int, guest: Guest) -> None:
    other = next(_ports)
    guest.open("tcp", "0.0.0.0", port, "swallow")
    guest.open("tcp", "127.0.0.1", other, "swallow")
    for number in (port, other):
        wait_for("the port", partial(accepted, number), SOON)
    idle = [connected((LOOPBACK, number)) for _ in range(100) for number in (port, other)]
    fresh = next(_ports)
    guest.open("tcp", "127.0.0.1", fresh)

    wait_for("a new port", answers("tcp", LOOPBACK, fresh), SOON)
    for peer in idle:
        peer.close()
    wait_for("the end of all in the guest", lambda: guest.call("peers")[0] == 0, SOON)


#: Ports that open and close in a second, for a sixth of the minute: 90 that open, and as many that close. An emulated
#: guest whose host is busy may do less.
BURST = 180


def test_two_hundred_ports_that_open_and_close_for_a_minute_leave_nothing(
    limactl: Limactl, forwarding: str, guest: Guest
) -> None:
    processes = processes_of(limactl, forwarding)
    before = {pid: descriptors(pid) for pid in processes}
    numbers = list(range(23000, 23200))
    stop = threading.Event()
    visitor = threading.Thread(target=visit, args=(numbers, stop), daemon=True)
    visitor.start()

    changes = guest.call("churn", numbers, 50, 20, timeout=120)
    burst = guest.call("churn", numbers, 10, BURST, timeout=60)

    stop.set()
    visitor.join(30)
    assert changes > 300
    assert burst > 300
    wait_for("the end of the forwards", lambda: not left_over(limactl, forwarding, numbers), SOON)
    for number in numbers:
        wait_for("a free port", refuses("tcp", LOOPBACK, number), SOON)
        wait_for("a free port", refuses("udp", LOOPBACK, number), SOON)
    for pid, count in before.items():
        wait_for(f"as few descriptors as before in {pid}", partial(has_at_most, pid, count + 3))
    wait_for("an idle host agent", lambda: busy(processes[0]) < 0.05, SOON)


def visit(ports: list[int], stop: threading.Event) -> None:
    """Connect to one after the other, whether or not it is open at the moment."""
    for number in itertools.cycle(ports):
        if stop.wait(0.02):
            return
        try:
            say((LOOPBACK, number), timeout=2)
        except OSError:
            continue


def left_over(limactl: Limactl, machine: str, ports: list[int]) -> list[str]:
    wanted = {str(port) for port in ports}
    return [line["guestAddr"] for line in shown(limactl, machine) if line["guestAddr"].rpartition(":")[2] in wanted]


def processes_of(limactl: Limactl, machine: str) -> list[int]:
    """Host agent, hypervisor, and what the agent has started (the ssh master, and sessions over it)."""
    found = limactl.instance(machine)
    agent: int = found["hostAgentPID"]
    return [agent, found["driverPID"], *children(agent)]


def children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for word in path.read_text().split():
            found += [int(word), *children(int(word))]
    return [child for child in found if "qemu" not in Path(f"/proc/{child}/comm").read_text()]


def has_at_most(pid: int, count: int) -> bool:
    return descriptors(pid) <= count


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def busy(pid: int) -> float:
    """Which part of a second a process works."""
    before = processor_time(pid)
    time.sleep(1)
    return processor_time(pid) - before


def processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
