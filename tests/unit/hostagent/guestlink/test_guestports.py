"""What the agent tells is checked, bounded, and applied as sets are."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.hostagent.guestlink.guestports import MAX_LISTENERS, GuestPorts
from limavm.model.forward import Listener
from limavm.wire.guestservice_pb2 import Event, Info, IPPort


def port(number: int, ip: str = "0.0.0.0", protocol: str = "tcp", *, v6only: bool = False) -> IPPort:
    return IPPort(protocol=protocol, ip=ip, port=number, v6only=v6only)


def listener(number: int, ip: str = "0.0.0.0", protocol: str = "tcp", *, v6only: bool = False) -> Listener:
    return Listener(protocol=protocol, ip=ip, port=number, v6only=v6only)


def quiet(_kind: str, _example: object) -> None:
    """Take a complaint and forget it."""


def test_a_full_list_replaces_what_was_known() -> None:
    ports = GuestPorts(quiet)
    ports.replace(Info(local_ports=[port(80), port(81)]))

    changed = ports.replace(Info(local_ports=[port(81), port(53, "127.0.0.1", "udp")]))

    assert changed
    assert ports.listeners == {listener(81), listener(53, "127.0.0.1", "udp")}


def test_differences_that_repeat_change_nothing() -> None:
    ports = GuestPorts(quiet)
    ports.replace(Info(local_ports=[port(80)]))

    assert not ports.apply(Event(added_local_ports=[port(80)], removed_local_ports=[port(90)]))
    assert ports.apply(Event(added_local_ports=[port(90)], removed_local_ports=[port(80)]))
    assert ports.listeners == {listener(90)}


def test_a_port_that_is_bound_anew_for_ipv6_alone_is_a_change() -> None:
    ports = GuestPorts(quiet)
    ports.replace(Info(local_ports=[port(80, "::")]))

    assert ports.apply(Event(added_local_ports=[port(80, "::", v6only=True)]))
    assert ports.listeners == {listener(80, "::", v6only=True)}


@pytest.mark.parametrize(
    ("wrong", "kind", "example"),
    [
        (port(80, protocol="sctp\n"), "protocol", "sctp\n"),
        (port(0), "port", 0),
        (port(-1), "port", -1),
        (port(65536), "port", 65536),
        (port(80, ""), "address", ""),
        (port(80, "localhost"), "address", "localhost"),
        (port(80, "fe80::1%eth0"), "address", "fe80::1%eth0"),
        (port(80, "1.2.3.4\n"), "address", "1.2.3.4\n"),
        (port(80, "0:0::1"), "address", "0:0::1"),
    ],
)
def test_what_cannot_be_is_left_out_and_complained_about(wrong: IPPort, kind: str, example: object) -> None:
    complaints: list[tuple[str, object]] = []
    ports = GuestPorts(lambda kind, example: complaints.append((kind, example)))

    ports.replace(Info(local_ports=[wrong, port(443)]))

    assert ports.listeners == {listener(443)}
    assert [(kind in said, about) for said, about in complaints] == [(True, example)]


def test_an_ipv4_address_inside_an_ipv6_one_is_written_as_the_kernel_does() -> None:
    ports = GuestPorts(quiet)

    ports.replace(Info(local_ports=[port(80, "::ffff:127.0.0.1")]))

    assert ports.listeners == {listener(80, "::ffff:127.0.0.1")}


def test_a_million_ports_cost_little_and_at_most_32768_are_kept() -> None:
    complaints: set[str] = set()
    ports = GuestPorts(lambda kind, _: complaints.add(kind))
    began = time.process_time()

    ports.replace(Info(local_ports=[port(number % 70000, f"10.0.0.{number % 7}") for number in range(1_000_000)]))

    assert len(ports.listeners) == MAX_LISTENERS
    assert len(complaints) == 2
    assert time.process_time() - began < 20


@given(
    st.lists(st.lists(st.tuples(st.booleans(), st.integers(-2, 5), st.sampled_from(["::", "x"])), max_size=5)),
)
def test_what_is_known_is_what_sets_would_say(events: list[list[tuple[bool, int, str]]]) -> None:
    ports, model = GuestPorts(quiet), set[Listener]()
    for event in events:
        added = [(number, ip) for adds, number, ip in event if adds]
        removed = [(number, ip) for adds, number, ip in event if not adds]
        before = set(model)
        model |= {listener(number, ip) for number, ip in added if number > 0 and ip == "::"}
        model -= {listener(number, ip) for number, ip in removed}

        changed = ports.apply(
            Event(
                added_local_ports=[port(number, ip) for number, ip in added],
                removed_local_ports=[port(number, ip) for number, ip in removed],
            )
        )

        assert ports.listeners == model
        assert changed == (model != before)
