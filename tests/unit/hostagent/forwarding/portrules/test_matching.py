"""The algorithm of spec/runtime.md 8.2 and 8.3: which rule decides, and where a port appears."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.hostagent.forwarding.portrules.matching import Silence, decide, effective_rules, silenced
from limavm.model.config import PortForward
from limavm.model.forward import Listener
from tests.unit.hostagent.forwarding.portrules.cases import SSH_PORT, listener, rule, rules

ANY: dict[str, Any] = {"guest_ip": "0.0.0.0", "guest_ip_must_be_zero": False}
ZERO: dict[str, Any] = {"guest_ip": "0.0.0.0"}

#: Rules of the configuration, what listens, where it appears (empty: nowhere), and a word of the reason.
CASES: list[tuple[list[PortForward], str, str, str]] = [
    # Without rules: wildcards and the two loopbacks, on the host's loopback.
    ([], "127.0.0.1:80", "127.0.0.1:80", "the default rule"),
    ([], "0.0.0.0:80", "127.0.0.1:80", "the default rule"),
    ([], "[::]:80", "127.0.0.1:80", "the default rule"),
    ([], "[::1]:80", "127.0.0.1:80", "the default rule"),
    ([], "[::ffff:127.0.0.1]:80", "127.0.0.1:80", "the default rule"),
    ([], "[::ffff:0.0.0.0]:80", "127.0.0.1:80", "the default rule"),
    ([], "127.0.0.53:53", "", "no rule matches 127.0.0.53:53"),
    ([], "172.17.0.1:80", "", "no rule matches 172.17.0.1:80"),
    ([], "[fe80::1]:80", "", "no rule matches [fe80::1]:80"),
    ([], "127.0.0.1:1", "127.0.0.1:1", "the default rule"),
    ([], "127.0.0.1:65535", "127.0.0.1:65535", "the default rule"),
    # ssh is never forwarded, whatever the rules say.
    ([], "0.0.0.0:22", "", "it is ssh itself"),
    ([rule(guest=(1, 100), **ANY)], "192.168.5.15:22", "", "it is ssh itself"),
    ([rule()], "[::1]:22", "", "it is ssh itself"),
    ([rule()], f"127.0.0.1:{SSH_PORT}", "", "leads to ssh itself"),
    # One port, a range, a socket; the port of a range moves with its begin.
    ([rule(80, 8080)], "127.0.0.1:80", "127.0.0.1:8080", "portForwards[0] forwards it"),
    ([rule((4000, 4999), (14000, 14999))], "127.0.0.1:4321", "127.0.0.1:14321", "portForwards[0]"),
    ([rule((4000, 4999), (1, 1000))], "127.0.0.1:4999", "127.0.0.1:1000", "portForwards[0]"),
    ([rule((4000, 4999), (1, 1000))], "127.0.0.1:5000", "127.0.0.1:5000", "the default rule"),
    ([rule(80, "/run/web.sock")], "0.0.0.0:80", "/run/web.sock", "portForwards[0]"),
    ([rule(80, host_ip="0.0.0.0")], "127.0.0.1:80", "0.0.0.0:80", "portForwards[0]"),
    ([rule(80, host_ip="0:0:0:0:0:0:0:1")], "127.0.0.1:80", "[::1]:80", "portForwards[0]"),
    ([rule(80, host_ip="::ffff:10.0.0.1")], "127.0.0.1:80", "10.0.0.1:80", "portForwards[0]"),
    # The first that is decisive wins.
    ([rule(80, 1080), rule(80, 2080)], "127.0.0.1:80", "127.0.0.1:1080", "portForwards[0]"),
    ([rule(81, 1080), rule(80, 2080)], "127.0.0.1:80", "127.0.0.1:2080", "portForwards[1]"),
    ([rule(80, 1080, proto="udp"), rule(80, 2080, proto="tcp")], "127.0.0.1:80", "127.0.0.1:2080", "portForwards[1]"),
    ([rule(80, guest_socket="/g.sock"), rule(80, 2080)], "127.0.0.1:80", "127.0.0.1:2080", "portForwards[1]"),
    ([rule(80, ignore=True), rule(80, 2080)], "127.0.0.1:80", "", "portForwards[0] ignores it"),
    ([rule(80, 1080), rule(80, ignore=True)], "127.0.0.1:80", "127.0.0.1:1080", "portForwards[0]"),
    # Addresses of the guest.
    ([rule(80, 1080, guest_ip="172.17.0.1")], "172.17.0.1:80", "127.0.0.1:1080", "portForwards[0]"),
    ([rule(80, 1080, guest_ip="::ffff:172.17.0.1")], "172.17.0.1:80", "127.0.0.1:1080", "portForwards[0]"),
    ([rule(80, 1080, guest_ip="172.17.0.1")], "127.0.0.1:80", "127.0.0.1:80", "the default rule"),
    ([rule(80, 1080, guest_ip="172.17.0.1")], "0.0.0.0:80", "127.0.0.1:1080", "portForwards[0]"),
    ([rule(80, 1080, guest_ip="172.17.0.1")], "[::]:80", "127.0.0.1:1080", "portForwards[0]"),
    ([rule(80, 1080, guest_ip="::1")], "127.0.0.1:80", "127.0.0.1:80", "the default rule"),
    ([rule(80, 1080, guest_ip="::1")], "[::1]:80", "127.0.0.1:1080", "portForwards[0]"),
    ([rule(80, 1080, **ANY)], "172.17.0.1:80", "127.0.0.1:1080", "portForwards[0]"),
    ([rule(80, 1080, **ANY)], "[2001:db8::1]:80", "127.0.0.1:1080", "portForwards[0]"),
    ([rule(80, 1080, guest_ip="::")], "172.17.0.1:80", "127.0.0.1:1080", "portForwards[0]"),
    # guestIPMustBeZero: listeners on all addresses only.
    ([rule(80, 1080, **ZERO)], "0.0.0.0:80", "127.0.0.1:1080", "portForwards[0]"),
    ([rule(80, 1080, **ZERO)], "[::]:80", "127.0.0.1:1080", "portForwards[0]"),
    ([rule(80, 1080, **ZERO)], "127.0.0.1:80", "127.0.0.1:80", "the default rule"),
    ([rule(80, 1080, **ZERO)], "172.17.0.1:80", "", "no rule matches"),
    # What listens on all addresses is not ignored by a rule for one.
    ([rule(80, ignore=True)], "0.0.0.0:80", "127.0.0.1:80", "the default rule"),
    ([rule(80, ignore=True)], "[::]:80", "127.0.0.1:80", "the default rule"),
    ([rule(80, ignore=True)], "[::1]:80", "", "portForwards[0] ignores it"),
    ([rule(80, ignore=True, **ZERO)], "0.0.0.0:80", "", "portForwards[0] ignores it"),
    ([rule(80, ignore=True, **ZERO)], "127.0.0.1:80", "127.0.0.1:80", "the default rule"),
    ([rule(80, ignore=True, **ANY)], "127.0.0.1:80", "", "portForwards[0] ignores it"),
    ([rule(80, ignore=True, **ANY)], "[::]:80", "", "portForwards[0] ignores it"),
    # A static rule takes part as any other.
    ([rule(80, 1080, static=True)], "127.0.0.1:80", "127.0.0.1:1080", "portForwards[0]"),
]


@pytest.mark.parametrize(("own", "place", "host", "reason"), CASES)
def test_the_first_decisive_rule_wins(own: list[PortForward], place: str, host: str, reason: str) -> None:
    decision = decide(listener(place), rules(*own))

    assert (decision.forwarded, decision.host) == (bool(host), host)
    assert reason in decision.reason


@pytest.mark.parametrize(("proto", "forwarded"), [("any", True), ("udp", True), ("tcp", False)])
def test_a_rule_is_for_its_protocol(proto: str, forwarded: bool) -> None:
    decision = decide(listener("172.17.0.1:53", "udp"), rules(rule(53, guest_ip="172.17.0.1", proto=proto)))

    assert decision.forwarded == forwarded


@pytest.mark.parametrize(
    ("place", "guest"),
    [
        ("0.0.0.0:80", "0.0.0.0:80"),
        ("[::]:80", "[::]:80"),
        ("[0:0:0:0:0:0:0:1]:80", "[::1]:80"),
        ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"),
    ],
)
def test_the_address_of_the_guest_is_the_canonical_one(place: str, guest: str) -> None:
    assert decide(listener(place), rules()).guest == guest


@pytest.mark.parametrize(
    "odd",
    [
        Listener(protocol="tcp", ip="", port=80),
        Listener(protocol="tcp", ip="localhost", port=80),
        Listener(protocol="tcp", ip="127.0.0.1", port=0),
        Listener(protocol="tcp", ip="127.0.0.1", port=-1),
        Listener(protocol="tcp", ip="127.0.0.1", port=65536),
        Listener(protocol="sctp", ip="127.0.0.1", port=80),
        Listener(protocol="tcp", ip="fe80::1%\x1b[2J", port=80),
        Listener(protocol="tcp", ip="\x1b]0;owned\x07", port=80),
        Listener(protocol="tcp", ip="1" * 100_000, port=80),
    ],
)
def test_what_is_no_listener_is_not_forwarded_and_costs_nothing(odd: Listener) -> None:
    decision = decide(odd, rules(rule(**ANY)))

    assert not decision.forwarded
    assert decision.quiet
    assert decision.guest.isprintable()
    assert len(decision.guest) < 100


def test_without_an_ssh_port_nothing_else_is_ignored() -> None:
    assert decide(listener("0.0.0.0:80"), effective_rules((), 0)).forwarded


ALL_TCP, ALL_UDP, ALL_ANY = (rule(ignore=True, proto=proto, **ANY) for proto in ("tcp", "udp", "any"))


@pytest.mark.parametrize(
    ("own", "protocols", "lines"),
    [
        ([], "", []),
        ([ALL_TCP], "tcp", ["TCP port forwarding is disabled (except for SSH)"]),
        ([ALL_UDP], "udp", ["UDP port forwarding is disabled"]),
        ([ALL_ANY], "tcp udp", ["TCP (except for SSH) and UDP port forwarding is disabled"]),
        (
            [ALL_UDP, ALL_TCP],
            "tcp udp",
            ["UDP port forwarding is disabled", "TCP port forwarding is disabled (except for SSH)"],
        ),
        ([rule(80), ALL_ANY], "", []),
        ([rule((1, 65534), ignore=True)], "", []),
        ([rule()], "", []),
    ],
)
def test_leading_rules_that_ignore_everything_silence_the_log(
    own: list[PortForward], protocols: str, lines: list[str]
) -> None:
    assert silenced(rules(*own)) == Silence(frozenset(protocols.split()), tuple(lines))


def test_what_is_silenced_is_quiet_and_other_protocols_are_not() -> None:
    own = rules(ALL_UDP)

    assert decide(listener("127.0.0.1:53", "udp"), own).quiet
    assert not decide(listener("172.17.0.1:53", "tcp"), own).quiet


PORTS = st.integers(1, 65535)
IPS = st.one_of(
    st.sampled_from(["0.0.0.0", "::", "127.0.0.1", "::1", "192.168.5.15", "::ffff:127.0.0.1"]),
    st.ip_addresses().map(str),
)
LISTENERS = st.builds(Listener, protocol=st.sampled_from(["tcp", "udp"]), ip=IPS, port=PORTS)
RANGES = st.tuples(PORTS, PORTS).map(lambda pair: (min(pair), max(pair)))


@st.composite
def some_rules(draw: st.DrawFn) -> PortForward:
    """Any rule that validation lets pass."""
    first, last = draw(RANGES)
    begin = draw(st.integers(1, 65535 - (last - first)))
    return rule(
        (first, last),
        (begin, begin + last - first),
        guest_ip=draw(IPS),
        guest_ip_must_be_zero=draw(st.booleans()),
        host_ip=draw(IPS),
        proto=draw(st.sampled_from(["tcp", "udp", "any"])),
        ignore=draw(st.booleans()),
        static=draw(st.booleans()),
    )


@given(listener=LISTENERS, own=st.lists(some_rules(), max_size=5))
def test_every_decision_has_a_reason_and_a_host_port_in_range(listener: Listener, own: list[PortForward]) -> None:
    decision = decide(listener, rules(*own))

    assert decision.reason
    assert decision.forwarded == bool(decision.host)
    assert not decision.host or 1 <= int(decision.host.rpartition(":")[2]) <= 65535
    assert not decision.forwarded or listener.port not in (22, SSH_PORT)


@given(listener=LISTENERS, own=st.lists(some_rules(), max_size=4), more=some_rules())
def test_a_rule_at_the_end_changes_only_what_no_rule_before_it_decided(
    listener: Listener, own: list[PortForward], more: PortForward
) -> None:
    before, after = decide(listener, rules(*own)), decide(listener, rules(*own, more))

    assert before == after or before.reason.startswith(("no rule", "the default rule"))


@given(port=PORTS, protocol=st.sampled_from(["tcp", "udp"]), own=st.lists(some_rules(), max_size=5))
def test_both_wildcards_are_treated_alike(port: int, protocol: str, own: list[PortForward]) -> None:
    four, six = (decide(Listener(protocol=protocol, ip=ip, port=port), rules(*own)) for ip in ("0.0.0.0", "::"))

    assert four.host == six.host
