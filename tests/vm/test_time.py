"""The guest's clock, and everything else, after pauses: of the machine alone, and of all that belongs to it."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.vm.guest import Guest, answers
from tests.vm.limactl import Limactl, wait_for

if sys.platform != "linux":
    pytest.skip("the host shows neither processes nor their state in this way", allow_module_level=True)

pytestmark = pytest.mark.vm

LOOPBACK = "127.0.0.1"
#: Seconds that the guest's clock may be off, and in which it has to be right after a pause.
OFF = 0.1
SOON = 2.0
#: How long a laptop sleeps in these tests, and in which time all has to work afterwards.
NIGHT = 60.0
MORNING = 5.0


def is_right(guest: Guest) -> bool:
    drift, error = guest.drift()
    return abs(drift) < OFF + error


@pytest.fixture(autouse=True)
def _nothing_stays_open(guest: Guest) -> Iterator[None]:
    yield
    guest.call("close_all")


def test_the_clock_of_the_guest_is_right(guest: Guest) -> None:
    wait_for("the first synchronisation", lambda: is_right(guest), 12)


def everything(limactl: Limactl, machine: str) -> list[int]:
    """All processes of an instance: the host agent, what it has started, and the hypervisor."""
    found = limactl.instance(machine)
    return sorted({found["driverPID"], *with_children(found["hostAgentPID"])})


def with_children(pid: int) -> list[int]:
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for word in path.read_text().split():
            found += with_children(int(word))
    return found


def pause(processes: Sequence[int], seconds: float) -> None:
    """Stop processes as the sleep of a laptop does, and continue them."""
    send(processes, signal.SIGSTOP)
    try:
        over = time.monotonic() + seconds
        wait_for("the end of the pause", lambda: time.monotonic() >= over, seconds + 10)
    finally:
        send(processes, signal.SIGCONT)


def send(processes: Sequence[int], number: int) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):  # a session of ssh that has just ended
            os.kill(pid, number)


@pytest.mark.parametrize("again", range(3))
def test_a_machine_that_was_stopped_has_the_right_time_two_seconds_later(
    again: int, limactl: Limactl, forwarding: str, guest: Guest
) -> None:
    # Emulated guests count the time in which their QEMU was stopped; those that slept do not. So it is set off as well.
    pid = limactl.instance(forwarding)["driverPID"]
    guest.call("shift_clock", -30)

    pause([pid], 3)

    wait_for("the right time", lambda: is_right(guest), SOON)


@pytest.mark.parametrize("again", range(3))
def test_a_machine_that_was_stopped_with_all_its_processes_has_the_right_time_two_seconds_later(
    again: int, limactl: Limactl, forwarding: str, guest: Guest
) -> None:
    processes = everything(limactl, forwarding)
    guest.call("shift_clock", -30)

    pause(processes, 3)

    wait_for("the right time", lambda: is_right(guest), SOON)


def test_a_machine_that_slept_for_a_minute_works_within_seconds(
    limactl: Limactl, forwarding: str, guest: Guest
) -> None:
    ways = {
        "hostfwd": ("tcp", "0.0.0.0", 25000),
        "ssh": ("tcp", "127.0.0.1", 25001),
        "grpc": ("udp", "127.0.0.1", 25002),
    }
    forwards = {}
    for way, (protocol, ip, port) in ways.items():
        guest.open(protocol, ip, port)
        forwards[way] = answers(protocol, LOOPBACK, port)
        wait_for(f"the forward by {way}", forwards[way], 15)
    processes = everything(limactl, forwarding)
    guest.call("shift_clock", -NIGHT)

    pause(processes, NIGHT)

    morning = time.monotonic() + MORNING
    # Side by side, as each is promised on its own: in turn, the slowest would leave the last no time for an attempt.
    with ThreadPoolExecutor() as pool:
        ways_back = [
            pool.submit(wait_for, f"the forward by {way}", condition, MORNING) for way, condition in forwards.items()
        ]
        pool.submit(limactl.ok, "shell", forwarding, "true", timeout=MORNING).result()
        for way_back in ways_back:
            way_back.result()
    guest.open("tcp", "127.0.0.1", 25003)
    wait_for("a new port", answers("tcp", LOOPBACK, 25003), morning - time.monotonic())
    wait_for("names", lambda: guest.call("resolve", "db.test") == ["10.1.2.3"], morning - time.monotonic())
    wait_for("the right time", lambda: is_right(guest), morning - time.monotonic())
    assert limactl.status(forwarding) == "Running"
