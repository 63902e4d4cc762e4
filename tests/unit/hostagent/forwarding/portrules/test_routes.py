"""Which way the bytes go, by what can be done and what the user wants."""

import pytest

from limavm.hostagent.forwarding.portrules.routes import Abilities, Preference, preference, route, why_none
from limavm.model.forward import Route

ALL = Abilities(hostfwd=True, ssh=True, grpc=True)
HOSTFWD, SSH, GRPC = Route.HOSTFWD, Route.SSH, Route.GRPC


@pytest.mark.parametrize(
    ("protocol", "guest", "host", "expected"),
    [
        # The hypervisor reaches the guest's own IPv4 address, and listens on IPv4.
        ("tcp", "0.0.0.0:80", "127.0.0.1:80", HOSTFWD),
        ("udp", "0.0.0.0:53", "127.0.0.1:53", HOSTFWD),
        ("tcp", "[::]:80", "127.0.0.1:80", HOSTFWD),
        ("udp", "[::]:80", "0.0.0.0:80", HOSTFWD),
        ("tcp", "192.168.5.15:80", "127.0.0.1:80", HOSTFWD),
        ("tcp", "0.0.0.0:80", "[::1]:80", SSH),
        ("tcp", "0.0.0.0:80", "[::]:80", SSH),
        ("udp", "0.0.0.0:80", "[::1]:80", GRPC),
        ("tcp", "0.0.0.0:80", "/run/h.sock", SSH),
        # ssh dials every other address of the guest.
        ("tcp", "127.0.0.1:80", "127.0.0.1:80", SSH),
        ("tcp", "[::1]:80", "127.0.0.1:80", SSH),
        ("tcp", "172.17.0.1:80", "0.0.0.0:80", SSH),
        ("tcp", "127.0.0.1:80", "/run/h.sock", SSH),
        ("unix", "/run/g.sock", "/run/h.sock", SSH),
        ("unix", "/run/g.sock", "127.0.0.1:80", SSH),
        # The tunnel does the rest.
        ("udp", "127.0.0.1:53", "127.0.0.1:53", GRPC),
        ("udp", "[::1]:53", "127.0.0.1:53", GRPC),
        ("udp", "172.17.0.1:53", "127.0.0.1:53", GRPC),
        ("udp", "127.0.0.1:53", "/run/h.sock", None),
    ],
)
def test_the_quickest_route_that_can(protocol: str, guest: str, host: str, expected: Route | None) -> None:
    assert route(protocol, guest, host, ALL) == expected


@pytest.mark.parametrize(("protocol", "expected"), [("tcp", SSH), ("udp", GRPC)])
def test_the_hypervisor_cannot_reach_a_wildcard_that_takes_no_ipv4(protocol: str, expected: Route) -> None:
    assert route(protocol, "[::]:80", "127.0.0.1:80", ALL, v6only=True) == expected


@pytest.mark.parametrize(
    ("wanted", "protocol", "guest", "host", "expected"),
    [
        (Preference.SSH, "tcp", "0.0.0.0:80", "127.0.0.1:80", SSH),
        (Preference.SSH, "tcp", "0.0.0.0:80", "/h.sock", SSH),
        (Preference.SSH, "udp", "0.0.0.0:80", "127.0.0.1:80", HOSTFWD),
        (Preference.SSH, "udp", "127.0.0.1:80", "127.0.0.1:80", GRPC),
        (Preference.GRPC, "tcp", "0.0.0.0:80", "127.0.0.1:80", GRPC),
        (Preference.GRPC, "udp", "0.0.0.0:80", "127.0.0.1:80", GRPC),
        (Preference.GRPC, "tcp", "127.0.0.1:80", "/h.sock", GRPC),
        (Preference.GRPC, "unix", "/g.sock", "/h.sock", SSH),
    ],
)
def test_the_user_may_choose(wanted: Preference, protocol: str, guest: str, host: str, expected: Route) -> None:
    abilities = Abilities(hostfwd=True, ssh=True, grpc=True, preference=wanted)

    assert route(protocol, guest, host, abilities) == expected


@pytest.mark.parametrize(
    ("abilities", "protocol", "expected"),
    [
        (Abilities(ssh=True, grpc=True), "tcp", SSH),
        (Abilities(ssh=True, grpc=True), "udp", GRPC),
        (Abilities(ssh=True), "udp", None),
        (Abilities(grpc=True), "tcp", GRPC),
        (Abilities(), "tcp", None),
        (Abilities(hostfwd=True, ssh=True, preference=Preference.GRPC), "tcp", HOSTFWD),
        (Abilities(hostfwd=True, grpc=True, preference=Preference.SSH), "tcp", HOSTFWD),
        (Abilities(hostfwd=True, slirp_ip="10.0.2.15"), "tcp", HOSTFWD),
    ],
)
def test_what_is_not_there_is_not_used(abilities: Abilities, protocol: str, expected: Route | None) -> None:
    assert route(protocol, "0.0.0.0:80", "127.0.0.1:80", abilities) == expected


def test_the_guests_own_address_is_that_of_its_network() -> None:
    abilities = Abilities(hostfwd=True, ssh=True, slirp_ip="10.0.2.15")

    assert route("tcp", "10.0.2.15:80", "127.0.0.1:80", abilities) == HOSTFWD
    assert route("tcp", "192.168.5.15:80", "127.0.0.1:80", abilities) == SSH


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1:80", GRPC), ("[::1]:80", GRPC), ("127.0.0.1:1024", HOSTFWD), ("0.0.0.0:80", HOSTFWD)],
)
def test_low_ports_of_the_loopback_may_need_a_tunnel(host: str, expected: Route) -> None:
    abilities = Abilities(hostfwd=True, ssh=True, grpc=True, low_ports_by_tunnel=True)

    assert route("tcp", "0.0.0.0:80", host, abilities) == expected


def test_without_tunnels_a_low_port_is_tried_as_any_other() -> None:
    abilities = Abilities(hostfwd=True, ssh=True, low_ports_by_tunnel=True)

    assert route("tcp", "0.0.0.0:80", "127.0.0.1:80", abilities) == HOSTFWD


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "best"), ("", "best"), ("true", "ssh"), ("1", "ssh"), ("T", "ssh"), ("false", "grpc"), ("0", "grpc")],
)
def test_the_variable_says_what_is_preferred(value: str | None, expected: str) -> None:
    assert preference(value) == (Preference(expected), None)


@pytest.mark.parametrize("value", ["yes", "tRUE", " true", "2", "\x1b[2J"])
def test_an_unclear_variable_warns_and_means_false(value: str) -> None:
    wanted, warning = preference(value)

    assert wanted is Preference.GRPC
    assert warning
    assert warning.isprintable()


@pytest.mark.parametrize(
    ("protocol", "guest", "host", "abilities", "word"),
    [
        ("udp", "127.0.0.1:53", "/h.sock", ALL, "socket of the host"),
        ("udp", "127.0.0.1:53", "127.0.0.1:53", Abilities(ssh=True), "guest agent"),
        ("tcp", "127.0.0.1:53", "127.0.0.1:53", Abilities(), "can reach 127.0.0.1:53"),
    ],
)
def test_why_there_is_no_route(protocol: str, guest: str, host: str, abilities: Abilities, word: str) -> None:
    assert route(protocol, guest, host, abilities) is None
    assert word in why_none(protocol, guest, host, abilities)
