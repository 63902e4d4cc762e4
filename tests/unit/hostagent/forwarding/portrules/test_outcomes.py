"""The whole picture: who gets which place of the host, and who is told why not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.hostagent.forwarding.portrules.outcomes import Policy, outcomes
from limavm.hostagent.forwarding.portrules.routes import Abilities
from limavm.hostagent.forwarding.portrules.standing import Outcome
from limavm.model.config import PortForward
from limavm.model.forward import Forward, Listener, Route
from tests.unit.hostagent.forwarding.portrules.cases import listener, rule, rules
from tests.unit.hostagent.forwarding.portrules.test_matching import LISTENERS, some_rules

ALL = Abilities(hostfwd=True, ssh=True, grpc=True)
ANY: dict[str, Any] = {"guest_ip": "0.0.0.0", "guest_ip_must_be_zero": False}


def policy(*own: PortForward, abilities: Abilities = ALL) -> Policy:
    return Policy(rules=rules(*own), abilities=abilities)


def shown(found: list[Outcome]) -> dict[str, str]:
    """Where each listener's own or shared forward leads from, or why there is none."""
    return {one.guest: one.forward.guest if one.forward else one.reason for one in found}


def test_a_server_with_two_sockets_for_both_families_is_one_forward() -> None:
    found = outcomes([listener("[::]:80", v6only=True), listener("0.0.0.0:80")], policy())

    assert shown(found) == {"0.0.0.0:80": "0.0.0.0:80", "[::]:80": "0.0.0.0:80"}
    assert {one.forward and one.forward.route for one in found} == {Route.HOSTFWD}
    assert found[1].reason == "it shares the forward of 0.0.0.0:80"


def test_both_loopbacks_are_one_forward() -> None:
    found = outcomes([listener("[::1]:80"), listener("127.0.0.1:80")], policy())

    assert shown(found) == {"127.0.0.1:80": "127.0.0.1:80", "[::1]:80": "127.0.0.1:80"}


def test_the_ipv6_half_alone_is_forwarded_by_ssh() -> None:
    (outcome,) = outcomes([listener("[::]:80", v6only=True)], policy())

    assert outcome.forward == Forward(protocol="tcp", guest="[::]:80", host="127.0.0.1:80", route=Route.SSH)


def test_the_ipv4_half_takes_over_when_it_comes_later() -> None:
    late = [listener("[::]:80", v6only=True), listener("0.0.0.0:80")]
    held = [Forward(protocol="tcp", guest="[::]:80", host="127.0.0.1:80", route=Route.SSH)]

    found = outcomes(late, policy(), held)

    assert {one.forward and one.forward.guest for one in found} == {"0.0.0.0:80"}


def test_of_two_that_want_one_place_the_first_address_gets_it_and_the_other_is_told() -> None:
    found = outcomes([listener("192.168.5.15:80"), listener("127.0.0.1:80")], policy(rule(80, **ANY)))

    assert shown(found) == {
        "127.0.0.1:80": "127.0.0.1:80",
        "192.168.5.15:80": "127.0.0.1:80 of the host belongs to the forward of 127.0.0.1:80",
    }


def test_a_newcomer_takes_nothing_away() -> None:
    own = policy(rule(80, **ANY))
    (first,) = outcomes([listener("192.168.5.15:80")], own)
    assert first.forward

    found = outcomes([listener("192.168.5.15:80"), listener("127.0.0.1:80")], own, [first.forward])

    assert shown(found) == {
        "192.168.5.15:80": "192.168.5.15:80",
        "127.0.0.1:80": "127.0.0.1:80 of the host belongs to the forward of 192.168.5.15:80",
    }


def test_who_is_gone_keeps_nothing() -> None:
    held = [Forward(protocol="tcp", guest="192.168.5.15:80", host="127.0.0.1:80", route=Route.HOSTFWD)]

    found = outcomes([listener("127.0.0.1:80")], policy(rule(80, **ANY)), held)

    assert shown(found) == {"127.0.0.1:80": "127.0.0.1:80"}


def test_all_addresses_of_the_host_leave_no_room_for_one() -> None:
    own = policy(rule(8080, 80, host_ip="0.0.0.0"))

    found = outcomes([listener("127.0.0.1:80"), listener("127.0.0.1:8080")], own)

    assert shown(found)["127.0.0.1:8080"] == "0.0.0.0:80 of the host belongs to the forward of 127.0.0.1:80"


def test_ipv4_and_ipv6_tcp_and_udp_are_different_places() -> None:
    own = policy(rule(81, 80, host_ip="::1"))

    found = outcomes([listener("127.0.0.1:80"), listener("127.0.0.1:81"), listener("127.0.0.1:80", "udp")], own)

    assert all(one.forward for one in found)


def test_a_socket_of_the_host_has_one_owner() -> None:
    own = policy(rule(80, "/h.sock", **ANY))

    found = outcomes([listener("127.0.0.1:80"), listener("172.17.0.1:80"), listener("127.0.0.1:80", "udp")], own)

    assert [bool(one.forward) for one in found] == [True, False, False]
    assert found[1].reason == "/h.sock of the host belongs to the forward of 127.0.0.1:80"
    assert found[2].reason == "UDP cannot go to a socket of the host"


@pytest.mark.parametrize("place", ["127.0.0.1:80", "0.0.0.0:80", "[::]:80", "[::ffff:127.0.0.1]:80"])
def test_what_a_static_forward_serves_is_reported_as_forwarded_by_it(place: str) -> None:
    own = policy(rule(80, 8080, static=True, proto="tcp"))

    static, outcome = outcomes([listener(place)], own)

    assert static.forward is not None
    assert outcome.forward == static.forward
    assert outcome.reason == "portForwards[0] forwards it, static"


@pytest.mark.parametrize(("place", "v6only"), [("[::1]:80", False), ("[::]:80", True)])
def test_what_a_static_forward_does_not_reach_is_told_so(place: str, v6only: bool) -> None:
    own = policy(rule(80, 8080, static=True, proto="tcp"))

    _, outcome = outcomes([listener(place, v6only=v6only)], own)

    assert outcome.forward is None
    assert outcome.reason == "127.0.0.1:8080 of the host belongs to the static forward of 127.0.0.1:80"


@pytest.mark.parametrize(("four", "six"), [("0.0.0.0:80", "[::]:80"), ("127.0.0.1:80", "[::1]:80")])
def test_the_ipv6_half_of_a_server_behind_a_static_forward_is_forwarded_with_it(four: str, six: str) -> None:
    own = policy(rule(80, 8080, static=True, proto="tcp"))

    found = outcomes([listener(six, v6only=True), listener(four)], own)

    assert {one.forward and one.forward.static for one in found} == {True}


def test_a_static_ipv6_forward_does_not_serve_ipv4() -> None:
    own = policy(rule(80, 8080, static=True, proto="tcp", guest_ip="::1"))

    _, outcome = outcomes([listener("0.0.0.0:80")], own)

    assert outcome.forward is None


def test_a_listener_may_be_forwarded_to_another_place_than_the_static_one() -> None:
    own = policy(rule(80, 8080), rule(80, 9090, static=True, proto="tcp"))

    found = outcomes([listener("127.0.0.1:80")], own)

    assert [one.forward and one.forward.host for one in found] == ["127.0.0.1:9090", "127.0.0.1:8080"]


def test_ports_of_a_static_range_that_is_too_long_are_forwarded_when_something_listens() -> None:
    own = policy(rule((1, 65535), static=True, proto="tcp"))

    refused, outcome = outcomes([listener("127.0.0.1:80")], own)

    assert refused.forward is None
    assert outcome.forward is not None


def test_of_two_static_rules_for_one_place_the_first_gets_it() -> None:
    own = policy(rule(80, 8080, static=True, proto="tcp"), rule(81, 8080, static=True, proto="tcp"))

    assert [bool(one.forward) for one in outcomes((), own)] == [True, False]


def test_a_socket_of_the_guest_has_one_owner_in_the_guest() -> None:
    sockets = [PortForward(guest_socket="/g", host_socket=f"/h{index}", reverse=True) for index in range(2)]

    found = outcomes((), policy(*sockets))

    assert [one.reason for one in found if not one.forward] == ["/g of the guest belongs to the forward of /g"]


def test_a_socket_of_the_guest_on_a_port_of_the_host_has_that_port() -> None:
    own = policy(PortForward(guest_socket="/g", host_port=80, host_port_range=(80, 80)))

    found = outcomes([listener("127.0.0.1:80")], own)

    assert found[1].reason == "127.0.0.1:80 of the host belongs to the forward of /g"


def test_v6only_or_not_the_same_address_is_one_forward() -> None:
    found = outcomes([listener("[::]:80"), listener("[::]:80", v6only=True)], policy())

    assert {one.forward and one.forward.route for one in found} == {Route.HOSTFWD}


@given(
    listeners=st.frozensets(LISTENERS, max_size=12),
    own=st.lists(some_rules(), max_size=4),
    grpc=st.booleans(),
)
def test_no_place_has_two_owners_and_nobody_is_forgotten(
    listeners: frozenset[Listener], own: list[PortForward], grpc: bool
) -> None:
    some = policy(*own, abilities=Abilities(hostfwd=True, ssh=True, grpc=grpc))

    found = outcomes(listeners, some)

    forwards = {one.forward for one in found if one.forward}
    places = [(forward.protocol, forward.host) for forward in forwards]
    assert len(places) == len(set(places))
    assert len(found) >= len(listeners)
    assert all(one.reason for one in found)
    assert found == outcomes(sorted(listeners, key=str), some)


@given(
    listeners=st.frozensets(LISTENERS, max_size=8),
    newcomers=st.frozensets(LISTENERS, max_size=4),
    own=st.lists(some_rules(), max_size=3),
)
def test_what_is_open_has_its_place_also_after_newcomers(
    listeners: frozenset[Listener], newcomers: frozenset[Listener], own: list[PortForward]
) -> None:
    held = {one.forward for one in outcomes(listeners, policy(*own)) if one.forward}
    after = {one.forward for one in outcomes(listeners | newcomers, policy(*own), held) if one.forward}

    # A place changes hands between the two halves of one server only.
    assert {(one.protocol, one.host) for one in held} <= {(one.protocol, one.host) for one in after}
    assert outcomes(listeners | newcomers, policy(*own), after) == outcomes(listeners | newcomers, policy(*own), held)
