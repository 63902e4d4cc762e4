"""RFC 1035 and 6891: requests are read, answers written and cut; dnslib is the judge of both."""

import struct

import pytest
from dnslib import EDNS0, OPCODE, QTYPE, RCODE, RR, DNSRecord
from hypothesis import given
from hypothesis import strategies as st

from limavm.hostagent.names import message as dnsmessage
from limavm.hostagent.names.message import Query, read_query


def asked(name: str = "Host.Example", kind: str = "A", *, edns: int | None = None, identity: int = 7) -> bytes:
    question = DNSRecord.question(name, kind)
    question.header.id = identity
    if edns is not None:
        question.add_ar(EDNS0(udp_len=edns))
    return bytes(question.pack())


def query(name: str = "Host.Example", kind: str = "A", *, edns: int | None = None) -> Query:
    found = read_query(asked(name, kind, edns=edns))
    assert found
    return found


def test_a_question_is_read() -> None:
    found = query()

    assert (found.name, found.kind, found.klass, found.opcode) == ((b"Host", b"Example"), 1, 1, 0)
    assert found.whole
    assert found.udp_size == 512


@pytest.mark.parametrize(("announced", "size"), [(0, 512), (511, 512), (1232, 1232), (4096, 4096), (65535, 4096)])
def test_the_size_that_a_client_announces_counts_within_limits(announced: int, size: int) -> None:
    assert query(edns=announced).udp_size == size


@pytest.mark.parametrize("message", [b"", b"\0" * 11, asked()[:2] + b"\x80" + asked()[3:]])
def test_what_is_no_request_gets_no_answer(message: bytes) -> None:
    assert read_query(message) is None


HEADER = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(HEADER, id="no question"),
        pytest.param(HEADER + b"\x03ab", id="a label that ends too early"),
        pytest.param(HEADER + b"\x03abc\0\0\1", id="no class"),
        pytest.param(HEADER + b"\xc0\x0c\0\1\0\1", id="a pointer to itself"),
        pytest.param(HEADER + b"\x01a\xc0\x0c\0\1\0\1", id="a pointer in a circle"),
        pytest.param(HEADER + b"\x40" + b"a" * 64 + b"\0\0\1\0\1", id="a label of 64"),
        pytest.param(HEADER + b"\x3f" * 320, id="a name without end"),
        pytest.param(struct.pack("!6H", 7, 0, 0, 0, 0, 0), id="nothing asked"),
        pytest.param(struct.pack("!6H", 7, 0, 2, 0, 0, 0) + asked()[12:] * 2, id="two questions"),
    ],
)
def test_a_malformed_question_is_told_so(message: bytes) -> None:
    found = read_query(message)

    assert found
    assert not found.whole
    reply = DNSRecord.parse(dnsmessage.empty_reply(found, dnsmessage.FORMERR))
    assert (reply.header.id, reply.header.rcode, reply.header.qr) == (7, RCODE.FORMERR, 1)


def test_an_answer_keeps_the_spelling_of_the_question_and_the_clients_flags() -> None:
    reply = DNSRecord.parse(dnsmessage.address_reply(query("hOsT.eXample"), ["10.0.0.1", "10.0.0.2"]))

    assert (reply.header.id, reply.header.qr, reply.header.rd, reply.header.ra, reply.header.aa) == (7, 1, 1, 1, 0)
    assert reply.q.qname.label == (b"hOsT", b"eXample")
    assert [(rr.rname.label, str(rr.rdata), rr.ttl) for rr in reply.rr] == [
        ((b"hOsT", b"eXample"), "10.0.0.1", 5),
        ((b"hOsT", b"eXample"), "10.0.0.2", 5),
    ]
    assert reply.ar == []


def test_an_answer_speaks_edns_to_those_who_do() -> None:
    reply = DNSRecord.parse(dnsmessage.empty_reply(query(edns=4096), dnsmessage.NOERROR))

    assert [QTYPE[rr.rtype] for rr in reply.ar] == ["OPT"]


@pytest.mark.parametrize(
    ("kind", "expected"), [("A", ["10.0.0.1"]), ("AAAA", ["2001:db8::1"]), ("ANY", ["10.0.0.1", "2001:db8::1"])]
)
def test_addresses_of_the_other_family_are_left_out(kind: str, expected: list[str]) -> None:
    reply = DNSRecord.parse(dnsmessage.address_reply(query(kind=kind), ["10.0.0.1", "2001:db8::1"]))

    assert [str(rr.rdata) for rr in reply.rr] == expected


def test_an_alias_is_told_as_it_is() -> None:
    reply = DNSRecord.parse(dnsmessage.alias_reply(query(kind="CNAME"), (b"other", b"example")))

    assert [(QTYPE[rr.rtype], str(rr.rdata)) for rr in reply.rr] == [("CNAME", "other.example.")]


def long_answer(count: int, *, edns: bool) -> bytes:
    reply = DNSRecord.parse(asked("many.example", "TXT")).reply()
    for index in range(count):
        reply.add_answer(*RR.fromZone(f'many.example 60 TXT "{index:03} {"x" * 60}"'))
    reply.add_auth(*RR.fromZone("many.example 60 NS ns.many.example"))
    reply.add_ar(*RR.fromZone("ns.many.example 60 A 10.0.0.1"))
    if edns:
        reply.add_ar(EDNS0(udp_len=1232))
    return bytes(reply.pack())


@pytest.mark.parametrize("edns", [False, True])
@pytest.mark.parametrize("size", [512, 600, 1232])
def test_a_long_answer_keeps_the_records_that_fit_and_says_that_there_are_more(size: int, edns: bool) -> None:
    cut = dnsmessage.fitted(long_answer(40, edns=edns), size)

    reply = DNSRecord.parse(cut)
    assert size - 80 < len(cut) <= size
    assert reply.header.tc == 1
    assert [str(rr.rdata)[1:4] for rr in reply.rr] == [f"{index:03}" for index in range(len(reply.rr))]
    assert [QTYPE[rr.rtype] for rr in reply.ar] == (["OPT"] if edns else [])


def test_an_answer_that_fits_is_left_alone() -> None:
    reply = long_answer(3, edns=True)

    assert dnsmessage.fitted(reply, len(reply)) == reply


def test_it_is_no_truncation_when_only_what_nobody_asked_for_is_missing() -> None:
    whole = long_answer(5, edns=False)

    reply = DNSRecord.parse(dnsmessage.fitted(whole, len(whole) - 1))

    assert (reply.header.tc, len(reply.rr), len(reply.auth), len(reply.ar)) == (0, 5, 1, 0)


@pytest.mark.parametrize("begin", [asked(identity=9)[:12], asked(identity=9)])
def test_an_answer_that_is_no_message_is_cut_to_its_header(begin: bytes) -> None:
    cut = dnsmessage.fitted(begin[:6] + b"\xff\xff" + begin[8:] + b"\xff" * 600, 512)

    assert len(cut) == 12
    assert cut[:2] == b"\0\x09"
    assert dnsmessage.is_truncated(cut)


@given(st.binary(min_size=12, max_size=1500), st.integers(512, 4096))
def test_whatever_is_cut_fits(reply: bytes, size: int) -> None:
    assert len(dnsmessage.fitted(reply, size)) <= max(size, 12)


ASKED = asked(edns=1232)


@given(st.binary(max_size=600) | st.binary(max_size=200).map(lambda rest: ASKED[:-4] + rest))
def test_no_message_is_too_strange_to_be_read_and_answered(message: bytes) -> None:
    found = read_query(message)

    if found:
        reply = dnsmessage.empty_reply(found, dnsmessage.SERVFAIL)
        assert reply[:2] == message[:2]
        assert 512 <= found.udp_size <= 4096
        dnsmessage.answers(found, message[:2], message)


def test_names_may_hold_any_byte() -> None:
    message = HEADER + b"\x03\xff.\0\x01a\0\0\1\0\1"

    found = read_query(message)

    assert found
    assert found.name == (b"\xff.\0", b"a")
    reply = dnsmessage.empty_reply(found, 0)
    assert reply[12:] == message[12:]


def reply_to(message: bytes) -> DNSRecord:
    reply = DNSRecord.parse(message).reply()
    reply.add_answer(*RR.fromZone("Host.Example 60 A 10.0.0.9"))
    return reply


def test_an_answer_is_one_to_the_question_with_the_id_under_which_it_went_out() -> None:
    good = bytes(reply_to(asked("HOST.example")).pack())

    assert dnsmessage.answers(query(), b"\0\7", good)
    assert not dnsmessage.answers(query(), b"\0\x08", good)
    assert not dnsmessage.answers(query("other.example"), b"\0\7", good)
    assert not dnsmessage.answers(query(kind="AAAA"), b"\0\7", good)
    assert not dnsmessage.answers(query(), b"\0\7", asked())
    assert not dnsmessage.answers(query(), b"\0\7", good[:11])
    assert not dnsmessage.answers(query(), b"\0\7", good[:12])
    update = reply_to(asked())
    update.header.opcode = OPCODE.UPDATE
    assert not dnsmessage.answers(query(), b"\0\7", bytes(update.pack()))


def test_a_server_may_leave_the_question_out_of_an_error_only() -> None:
    bare = struct.pack("!6H", 7, 0x8181, 0, 0, 0, 0)

    assert dnsmessage.answers(query(), b"\0\7", bare)
    assert not dnsmessage.answers(query(), b"\0\7", bare[:3] + b"\x80" + bare[4:])


def test_somebody_elses_answer_gets_the_clients_id_and_spelling() -> None:
    reply = dnsmessage.readdressed(query("hOsT.example"), b"\xaa\xbb" + bytes(reply_to(asked()).pack())[2:])

    assert reply[:2] == b"\0\7"
    assert DNSRecord.parse(reply).q.qname.label == (b"hOsT", b"example")
    assert str(DNSRecord.parse(reply).a.rdata) == "10.0.0.9"
