"""The words about forwards, and how many of them."""

import errno
import logging

import pytest
from msgspec.structs import replace

from limavm.hostagent.forwarding.log import ForwardLog, is_negligible
from limavm.hostagent.forwarding.portrules import Outcome
from limavm.model.event import PortForwardEvent
from limavm.model.forward import Forward, Route


def forward(port: int = 80, protocol: str = "tcp") -> Forward:
    return Forward(protocol=protocol, guest=f"127.0.0.1:{port}", host=f"127.0.0.1:{port}", route=Route.SSH)


def test_a_failure_is_an_event_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    events: list[PortForwardEvent] = []

    ForwardLog(events.append).failed(forward(), "in use; held by nginx (PID 71)", errno.EADDRINUSE)

    assert events == [
        PortForwardEvent(
            type="failed",
            protocol="tcp",
            guest_addr="127.0.0.1:80",
            host_addr="127.0.0.1:80",
            error="in use; held by nginx (PID 71)",
        )
    ]
    assert caplog.messages == ["failed to listen tcp: 127.0.0.1:80"]


def test_sockets_are_in_the_log_only_because_events_know_tcp_and_udp(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    events: list[PortForwardEvent] = []
    log = ForwardLog(events.append)
    socket = Forward(protocol="unix", guest="/run/a.sock", host="/home/a.sock", route=Route.SSH)
    to_guest = replace(socket, reverse=True)

    log.forwarding(socket)
    log.stopping(to_guest)
    log.failed(to_guest, "there is a directory", None)
    log.left_out(Outcome(protocol="unix", guest="/run/b.sock", reason="nothing can reach it"))

    assert events == []
    assert caplog.messages == [
        'Forwarding "/run/a.sock" (guest) to "/home/a.sock" (host)',
        'Stopping forwarding "/home/a.sock" (host) to "/run/a.sock" (guest)',
        "failed to listen unix: /run/a.sock",
        "/run/a.sock is tried again until it can be opened: there is a directory",
        "Not forwarding UNIX /run/b.sock",
    ]


def test_a_server_that_appears_as_a_socket_is_told_by_its_protocol() -> None:
    events: list[PortForwardEvent] = []

    ForwardLog(events.append).forwarding(replace(forward(), host="/home/db.sock"))

    assert [(event.protocol, event.host_addr) for event in events] == [("tcp", "/home/db.sock")]


def test_a_port_that_only_root_may_have_is_not_worth_a_warning() -> None:
    assert is_negligible(forward(80), errno.EACCES)
    assert not is_negligible(forward(80), errno.EADDRINUSE)
    assert is_negligible(forward(53), errno.EADDRINUSE)
    assert not is_negligible(forward(5353), errno.EADDRINUSE)
    assert is_negligible(forward(5353, "udp"), None)


def test_quiet_outcomes_are_for_maintainers_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[PortForwardEvent] = []

    ForwardLog(events.append).left_out(Outcome(protocol="tcp", guest="127.0.0.1:22", reason="it is ssh", quiet=True))

    assert events == []
    assert caplog.messages == ["TCP 127.0.0.1:22 is not forwarded: it is ssh"]


def test_a_guest_that_never_rests_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.0
    events: list[PortForwardEvent] = []
    log = ForwardLog(events.append, lambda: now)
    for _ in range(5000):
        log.forwarding(forward())
    at_once = len(events)
    now += 1.0
    for _ in range(5000):
        log.forwarding(forward())

    assert (at_once, len(events)) == (2000, 2100)
    assert caplog.messages == ["ports of the guest change without end; the log and the events leave some out"]


def test_ports_that_are_not_forwarded_do_not_fill_it_either(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    log = ForwardLog(lambda _: None, lambda: 100.0)

    for port in range(5000):
        log.left_out(Outcome(protocol="tcp", guest=f"127.0.0.1:{port}", reason="no rule matches", quiet=True))

    assert len(caplog.messages) == 2001


def test_a_guest_that_never_rests_for_days_does_not_fill_the_disk() -> None:
    now = 100.0
    events: list[PortForwardEvent] = []
    log = ForwardLog(events.append, lambda: now)
    for _ in range(300):
        now += 100
        for _ in range(1000):
            log.forwarding(forward())

    assert len(events) <= 50_000 + 30_000
