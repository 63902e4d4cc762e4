"""Names in the guest: hosts of the template, aliases, the host itself, and what is passed on."""

import sys

import pytest
from dnslib import QTYPE, RCODE, DNSRecord

from tests.vm.guest import Guest
from tests.vm.limactl import Limactl

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

HOST = "192.168.5.2"
OWN = "192.168.5.15"


def asked(guest: Guest, name: str, kind: str = "A", *, over_tcp: bool = False) -> DNSRecord:
    """What the guest's name server says."""
    reply = guest.call("ask", DNSRecord.question(name, kind).pack().hex(), over_tcp)
    return DNSRecord.parse(bytes.fromhex(reply))


@pytest.mark.parametrize(
    ("name", "address"),
    [("db.test", "10.1.2.3"), ("www.test", "10.1.2.3"), ("WWW.Test", "10.1.2.3"), ("host.lima.internal", HOST)],
)
def test_programs_of_the_guest_find_the_hosts_of_the_template(name: str, address: str, guest: Guest) -> None:
    assert guest.call("resolve", name) == [address]


def test_the_guest_finds_itself_and_its_user_finds_the_host(limactl: Limactl, forwarding: str, guest: Guest) -> None:
    assert [str(reply.rdata) for reply in asked(guest, f"lima-{forwarding}").rr] == [OWN]
    assert HOST in limactl.ok("shell", forwarding, "getent", "hosts", "host.lima.internal")


def test_an_address_of_ipv6_is_given_where_it_is_wanted(guest: Guest) -> None:
    assert guest.call("resolve", "six.test", "INET6") == ["fd00::17"]
    assert [str(reply.rdata) for reply in asked(guest, "db.test", "AAAA").rr] == []


def test_an_alias_is_told_as_such(guest: Guest) -> None:
    assert [str(reply.rdata) for reply in asked(guest, "www.test", "CNAME").rr] == ["db.test."]


@pytest.mark.parametrize("over_tcp", [False, True])
def test_the_server_answers_over_both_protocols(over_tcp: bool, guest: Guest) -> None:
    assert [str(reply.rdata) for reply in asked(guest, "db.test", over_tcp=over_tcp).rr] == ["10.1.2.3"]


@pytest.mark.parametrize(("name", "kind"), [("loop.test", "A"), ("no.such.host.invalid", "A"), ("db.test", "TXT")])
def test_what_cannot_be_answered_gets_an_answer_all_the_same(name: str, kind: str, guest: Guest) -> None:
    reply = asked(guest, name, kind)

    assert reply.header.rcode in (RCODE.NOERROR, RCODE.NXDOMAIN, RCODE.SERVFAIL, RCODE.REFUSED)
    assert [record for record in reply.rr if record.rtype == QTYPE.A] == []


def test_the_host_s_own_names_are_the_guest_s(guest: Guest) -> None:
    assert guest.call("resolve", "localhost") == ["127.0.0.1"]


def test_a_guest_whose_questions_are_redirected_tracks_many_connections(guest: Guest) -> None:
    status, said = guest.call("run", "cat", "/proc/sys/net/netfilter/nf_conntrack_max")

    assert status == 0
    assert int(said) >= 65536
