"""Static rules and sockets, which need no listener."""

import pytest

from limavm.hostagent.forwarding.portrules.outcomes import socket_forwards, static_forwards
from limavm.hostagent.forwarding.portrules.routes import Abilities
from limavm.hostagent.forwarding.portrules.standing import standing_outcomes
from limavm.model.config import PortForward
from limavm.model.forward import MOST_STATIC_PORTS, Forward, Route
from tests.unit.hostagent.forwarding.portrules.cases import SSH_PORT, rule, rules

ALL = Abilities(hostfwd=True, ssh=True, grpc=True)
#: Plain mode: there is no guest agent.
PLAIN = Abilities(hostfwd=True, ssh=True)
HOSTFWD, SSH, GRPC = Route.HOSTFWD, Route.SSH, Route.GRPC


def static(protocol: str, guest: str, host: str, route: Route) -> Forward:
    return Forward(protocol=protocol, guest=guest, host=host, route=route, static=True)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (rule(80, 8080, proto="tcp"), [("tcp", "127.0.0.1:80", "127.0.0.1:8080", SSH)]),
        (rule(53, 5300, proto="udp"), [("udp", "127.0.0.1:53", "127.0.0.1:5300", GRPC)]),
        (
            rule(80),
            [("tcp", "127.0.0.1:80", "127.0.0.1:80", SSH), ("udp", "127.0.0.1:80", "127.0.0.1:80", GRPC)],
        ),
        (
            rule((80, 82), (180, 182), proto="tcp"),
            [("tcp", f"127.0.0.1:{port}", f"127.0.0.1:{port + 100}", SSH) for port in (80, 81, 82)],
        ),
        (rule(80, "/h.sock", proto="tcp"), [("tcp", "127.0.0.1:80", "/h.sock", SSH)]),
        (rule(80, proto="tcp", host_ip="::1"), [("tcp", "127.0.0.1:80", "[::1]:80", SSH)]),
        (rule(80, proto="tcp", guest_ip="172.17.0.2"), [("tcp", "172.17.0.2:80", "127.0.0.1:80", SSH)]),
        (rule(80, proto="tcp", guest_ip="::1"), [("tcp", "[::1]:80", "127.0.0.1:80", SSH)]),
        # On all addresses: the hypervisor's own way.
        (rule(80, proto="tcp", guest_ip="0.0.0.0"), [("tcp", "0.0.0.0:80", "127.0.0.1:80", HOSTFWD)]),
        (rule(53, proto="udp", guest_ip="0.0.0.0"), [("udp", "0.0.0.0:53", "127.0.0.1:53", HOSTFWD)]),
        (rule(80, proto="tcp", guest_ip="192.168.5.15"), [("tcp", "192.168.5.15:80", "127.0.0.1:80", HOSTFWD)]),
        # On any address, the loopback as well.
        (
            rule(80, proto="tcp", guest_ip="0.0.0.0", guest_ip_must_be_zero=False),
            [("tcp", "127.0.0.1:80", "127.0.0.1:80", SSH)],
        ),
        (rule(80, proto="tcp", guest_ip="::"), [("tcp", "[::1]:80", "127.0.0.1:80", SSH)]),
        (rule(80, ignore=True), []),
    ],
)
def test_a_static_rule_forwards_every_port_of_it(own: PortForward, expected: list[tuple[str, str, str, Route]]) -> None:
    forwards = static_forwards(rules(_static(own)), ALL)

    assert forwards == [static(*one) for one in expected]


def _static(own: PortForward) -> PortForward:
    values = {name: getattr(own, name) for name in own.__struct_fields__}
    return PortForward(**{**values, "static": True})


def test_without_a_guest_agent_udp_goes_where_the_hypervisor_reaches() -> None:
    own = rules(rule(53, static=True), rule(54, static=True, guest_ip="0.0.0.0"))
    outcomes = standing_outcomes(own, PLAIN)

    assert [(one.protocol, one.guest, one.forward and one.forward.route) for one in outcomes] == [
        ("tcp", "127.0.0.1:53", SSH),
        ("udp", "127.0.0.1:53", None),
        ("tcp", "0.0.0.0:54", HOSTFWD),
        ("udp", "0.0.0.0:54", HOSTFWD),
    ]
    assert "guest agent" in outcomes[1].reason
    assert outcomes[1].quiet  # nobody has asked for UDP in particular
    assert not standing_outcomes(rules(rule(53, static=True, proto="udp")), PLAIN)[0].quiet


def test_an_earlier_rule_takes_nothing_from_a_static_one() -> None:
    own = rules(rule((1, 1000), ignore=True), rule((1, 1000), (2001, 3000)), rule(80, 8080, static=True, proto="tcp"))

    assert static_forwards(own, ALL) == [static("tcp", "127.0.0.1:80", "127.0.0.1:8080", SSH)]


def test_a_static_rule_of_every_port_is_not_taken_at_its_word() -> None:
    (outcome,) = standing_outcomes(rules(rule(static=True, proto="tcp")), ALL)

    assert outcome.forward is None
    assert outcome.guest == "127.0.0.1:1-65535"
    assert str(MOST_STATIC_PORTS) in outcome.reason


def test_a_static_range_may_have_as_many_ports_as_is_said() -> None:
    own = rules(rule((101, 100 + MOST_STATIC_PORTS), (20001, 20000 + MOST_STATIC_PORTS), static=True, proto="tcp"))

    assert len(static_forwards(own, ALL)) == MOST_STATIC_PORTS


def test_a_static_range_leaves_ssh_out() -> None:
    own = rules(rule((21, 23), static=True, proto="tcp"), rule(SSH_PORT, 1234, static=True, proto="tcp"))
    outcomes = standing_outcomes(own, ALL)

    assert [(one.guest, bool(one.forward)) for one in outcomes] == [
        ("127.0.0.1:21", True),
        ("127.0.0.1:22", False),
        ("127.0.0.1:23", True),
        (f"127.0.0.1:{SSH_PORT}", False),
    ]
    assert [one.reason for one in outcomes if not one.forward] == [
        "it is ssh itself",
        f"the host's port {SSH_PORT} leads to ssh itself",
    ]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (
            PortForward(guest_socket="/g.sock", host_socket="/h.sock"),
            Forward(protocol="unix", guest="/g.sock", host="/h.sock", route=SSH),
        ),
        (
            PortForward(guest_socket="/g.sock", host_socket="/h.sock", reverse=True),
            Forward(protocol="unix", guest="/g.sock", host="/h.sock", route=SSH, reverse=True),
        ),
        (
            PortForward(guest_socket="/g.sock", host_port=2375, host_port_range=(2375, 2375)),
            Forward(protocol="unix", guest="/g.sock", host="127.0.0.1:2375", route=SSH),
        ),
    ],
)
def test_a_socket_of_the_guest_is_forwarded_both_ways(own: PortForward, expected: Forward) -> None:
    assert socket_forwards(rules(own), ALL) == [expected]
    assert static_forwards(rules(own), ALL) == []


def test_a_socket_may_be_static() -> None:
    own = rules(PortForward(guest_socket="/g.sock", host_socket="/h.sock", static=True))

    (forward,) = static_forwards(own, PLAIN)

    assert (forward.guest, forward.host, forward.static) == ("/g.sock", "/h.sock", True)
    assert socket_forwards(own, PLAIN) == []


def test_a_socket_needs_ssh() -> None:
    (outcome,) = standing_outcomes(rules(PortForward(guest_socket="/g", host_socket="/h")), Abilities(grpc=True))

    assert outcome.forward is None
    assert "/g" in outcome.reason


def test_other_rules_need_a_listener() -> None:
    assert standing_outcomes(rules(rule(80, 8080)), ALL) == []
