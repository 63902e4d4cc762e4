"""spec/runtime.md 10.1: who answers which question."""

import pytest
from dnslib import DNSRecord

from limavm.hostagent.names.answers import (
    Addresses,
    Alias,
    Decision,
    Empty,
    Forward,
    LookUp,
    StaticHosts,
    decide,
    hosts_of,
)
from limavm.hostagent.names.message import read_query

HOSTS = StaticHosts(
    {
        "Own.Example": "10.0.0.1",
        "six.example.": "2001:DB8::1",
        "alias.example": "Other.Example",
        "other.example": "own.example",
        "outside.example": "www.elsewhere.example",
        "a.loop": "b.loop",
        "b.loop": "a.loop",
        "self.loop": "self.loop",
        "bücher.example": "10.0.0.2",
        "mapped.example": "::ffff:10.0.0.3",
    }
)


def decided(name: str, kind: str = "A", *, ipv6: bool = True, klass: str = "IN", opcode: int = 0) -> Decision:
    request = DNSRecord.question(name, kind, klass)
    request.header.opcode = opcode
    query = read_query(bytes(request.pack()))
    assert query
    return decide(query, HOSTS, ipv6=ipv6)


def looked_up(name: str, *, v6: bool = False, known: bool = False) -> LookUp:
    return LookUp(name=name, v6=v6, known=known)


@pytest.mark.parametrize("name", ["own.example", "OWN.eXAMPLE", "alias.example", "other.example"])
def test_a_name_of_the_configuration_has_its_address_whatever_the_spelling_and_the_aliases(name: str) -> None:
    assert decided(name) == Addresses(address="10.0.0.1")


@pytest.mark.parametrize(
    ("name", "address"),
    [("six.example", "2001:db8::1"), ("bücher.example", "10.0.0.2"), ("mapped.example", "10.0.0.3")],
)
def test_addresses_and_names_may_be_written_in_several_ways(name: str, address: str) -> None:
    assert decided(name) == Addresses(address=address)


def test_an_alias_to_a_name_outside_is_looked_up_under_that_name() -> None:
    assert decided("outside.example") == looked_up("www.elsewhere.example", known=True)


def test_other_names_are_looked_up_on_the_host() -> None:
    assert decided("www.Example.org") == looked_up("www.example.org")
    assert decided("www.example.org", "AAAA") == looked_up("www.example.org", v6=True)


@pytest.mark.parametrize("name", ["own.example", "www.example.org", "alias.example"])
def test_without_ipv6_there_are_no_ipv6_addresses(name: str) -> None:
    assert decided(name, "AAAA", ipv6=False) == Empty(rcode=0)


def test_a_name_with_an_ipv4_address_exists_for_those_who_ask_for_ipv6() -> None:
    assert decided("own.example", "AAAA") == Addresses(address="10.0.0.1")


@pytest.mark.parametrize("name", ["a.loop", "b.loop", "self.loop"])
@pytest.mark.parametrize("kind", ["A", "AAAA", "CNAME", "ANY", "MX"])
def test_aliases_in_a_circle_end(name: str, kind: str) -> None:
    assert decided(name, kind) is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alias.example", Alias(target=(b"own", b"example"))),
        ("outside.example", Alias(target=(b"www", b"elsewhere", b"example"))),
        ("own.example", Empty(rcode=0)),
        ("www.example.org", Forward(known=False)),
    ],
)
def test_the_end_of_a_chain_is_the_canonical_name(name: str, expected: Decision) -> None:
    assert decided(name, "CNAME") == expected


def test_any_tells_what_the_configuration_knows() -> None:
    assert decided("alias.example", "ANY") == Addresses(address="10.0.0.1")
    assert decided("outside.example", "ANY") == Alias(target=(b"www", b"elsewhere", b"example"))
    assert decided("www.example.org", "ANY") == Forward(known=False)


@pytest.mark.parametrize("kind", ["TXT", "NS", "MX", "SRV", "PTR", "HTTPS", "SOA", "CAA", "DNSKEY"])
def test_other_types_are_forwarded(kind: str) -> None:
    assert decided("www.example.org", kind) == Forward(known=False)
    assert decided("own.example", kind) == Forward(known=True)


@pytest.mark.parametrize("kind", ["AXFR", "IXFR"])
def test_zones_are_not_transferred(kind: str) -> None:
    assert decided("own.example", kind) == Empty(rcode=5)


def test_other_operations_and_classes_are_forwarded() -> None:
    assert decided("own.example", opcode=5) == Forward(known=False)
    assert decided("own.example", klass="CH") == Forward(known=False)


@pytest.mark.parametrize("name", [".", "a b.example", "a!b.example"])
def test_names_that_people_do_not_write_are_not_for_the_hosts_resolver(name: str) -> None:
    assert decided(name) == Forward(known=False)


def test_a_malformed_question_is_answered_as_such() -> None:
    query = read_query(b"\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1")

    assert query
    assert decide(query, HOSTS, ipv6=True) == Empty(rcode=1)


@pytest.mark.parametrize(
    ("host", "value"), [("", "1.1.1.1"), ("a..b", "1.1.1.1"), ("x" * 64, "1.1.1.1"), ("ok", ""), ("ok", "a." * 130)]
)
def test_what_is_no_name_is_left_out_and_told(host: str, value: str) -> None:
    hosts = StaticHosts({host: value, "good": "10.0.0.1"})

    assert len(hosts.flaws) == 1
    assert hosts.address((b"good",)) == "10.0.0.1"


def test_the_host_and_the_instance_always_have_a_name() -> None:
    hosts = hosts_of(
        {"host.lima.internal": "1.2.3.4", "x": "y"}, "lima-default", gateway="192.168.5.2", guest="192.168.5.15"
    )

    assert hosts == {"host.lima.internal": "192.168.5.2", "lima-default": "192.168.5.15", "x": "y"}
