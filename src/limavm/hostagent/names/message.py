"""DNS messages: what is asked is read, and our own answers are written; nothing else of a message is understood.

The format is RFC 1035, 4; what a client can take is RFC 6891 (EDNS). dnslib writes. Questions are read here:
they come from the guest, and dnslib follows compression pointers as deep as a hostile message nests them, and
refuses names that are not UTF-8.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from dnslib import AAAA, CNAME, EDNS0, RR, A, DNSHeader, DNSLabel, DNSQuestion, DNSRecord

#: A name by its labels, without the root; lower case where names are compared.
Name = tuple[bytes, ...]

A_TYPE, CNAME_TYPE, AAAA_TYPE, OPT_TYPE, IXFR_TYPE, AXFR_TYPE, ANY_TYPE = 1, 5, 28, 41, 251, 252, 255
IN_CLASS = 1
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5

#: What a UDP client takes without saying so, and the most that we send to one that takes more.
UDP_SIZE, LARGEST_UDP_SIZE = 512, 4096
#: As Lima's: short, so that the guest follows when the host changes networks.
TTL = 5

_HEADER = struct.Struct("!6H")
_LONGEST_NAME = 255
_RESPONSE, _TRUNCATED = 0x8000, 0x0200
_OWN_EDNS_SIZE = 1232


class Query(NamedTuple):
    """A request, as far as it matters who answers it. `name` is as the client wrote it."""

    message: bytes
    opcode: int
    #: One well-formed question was asked. If not, the next three say nothing.
    whole: bool
    name: Name = ()
    kind: int = 0
    klass: int = 0
    #: Where the question ends in the message.
    end: int = _HEADER.size
    #: How long an answer by UDP may be; None: the client does not speak EDNS.
    edns_size: int | None = None

    @property
    def is_question(self) -> bool:
        """Whether this is an ordinary query (opcode 0)."""
        return self.opcode == 0

    @property
    def udp_size(self) -> int:
        """The longest answer that may go to the client in one datagram."""
        return min(max(self.edns_size or UDP_SIZE, UDP_SIZE), LARGEST_UDP_SIZE)


class MessageError(ValueError):
    """A message that ends too early, or is none."""


def read_query(message: bytes) -> Query | None:
    """The request in a message; None for what must not be answered: an answer, or less than a header."""
    if len(message) < _HEADER.size:
        return None
    _, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(message)
    if flags & _RESPONSE:
        return None
    opcode = flags >> 11 & 15
    if questions != 1:
        return Query(message, opcode, whole=False)
    try:
        name, end = _name(message, _HEADER.size)
        kind, klass = struct.unpack_from("!2H", message, end)
    except (MessageError, struct.error):
        return Query(message, opcode, whole=False)
    edns_size = _edns_size(message, end + 4, answers + authorities + additionals)
    return Query(message, opcode, True, name, kind, klass, end + 4, edns_size)


def _name(message: bytes, at: int) -> tuple[Name, int]:
    """The name that begins there, and where it ends. The first name of a message has nothing to point to."""
    labels: list[bytes] = []
    begin = at
    while True:
        if at >= len(message):
            raise MessageError("a name ends too early")
        length = message[at]
        at += 1 + length
        if length > 63 or at - begin > _LONGEST_NAME or at > len(message):
            raise MessageError("a label is too long")
        if not length:
            return tuple(labels), at
        labels.append(message[at - length : at])


def _edns_size(message: bytes, at: int, count: int) -> int | None:
    try:
        for record in _records(message, at, count):
            if record.kind == OPT_TYPE:
                return record.klass
    except MessageError:
        pass
    return None


class _Record(NamedTuple):
    begin: int
    end: int
    kind: int
    klass: int


def _records(message: bytes, at: int, count: int) -> Iterator[_Record]:
    """Where records begin and end; pointers are stepped over, not followed. Raises MessageError."""
    for _ in range(count):
        begin = at
        at = _after_name(message, at)
        try:
            kind, klass, _, length = struct.unpack_from("!HHIH", message, at)
        except struct.error as error:
            raise MessageError("a record ends too early") from error
        at += 10 + length
        if at > len(message):
            raise MessageError("a record ends too early")
        yield _Record(begin, at, kind, klass)


def _after_name(message: bytes, at: int) -> int:
    while at < len(message):
        length = message[at]
        if length >= 0xC0:
            return at + 2
        if not length:
            return at + 1
        at += 1 + length
    raise MessageError("a name ends too early")


def address_reply(query: Query, addresses: Sequence[str]) -> bytes:
    """The answer that a name has these addresses, those of the other family left out. None is a fine number."""
    records = []
    for address in addresses:
        is_v6 = ":" in address
        if query.kind in (AAAA_TYPE if is_v6 else A_TYPE, ANY_TYPE):
            data = AAAA(address) if is_v6 else A(address)
            records.append(RR(DNSLabel(query.name), AAAA_TYPE if is_v6 else A_TYPE, ttl=TTL, rdata=data))
    return _reply(query, NOERROR, records)


def alias_reply(query: Query, target: Name) -> bytes:
    """The answer that a name stands for another one."""
    return _reply(query, NOERROR, [RR(DNSLabel(query.name), CNAME_TYPE, ttl=TTL, rdata=CNAME(DNSLabel(target)))])


def empty_reply(query: Query, rcode: int) -> bytes:
    """An answer without records: `NOERROR` says that the name has none of that type."""
    return _reply(query, rcode, [])


def _reply(query: Query, rcode: int, records: Sequence[RR]) -> bytes:
    identity, flags = struct.unpack_from("!2H", query.message)
    # Of the client's flags: opcode, recursion desired, checking disabled. Ours: an answer, recursion available.
    header = DNSHeader(id=identity, bitmap=_RESPONSE | flags & 0x7910 | 0x0080 | rcode)
    question = [DNSQuestion(DNSLabel(query.name), query.kind, query.klass)] if query.whole else []
    edns = [EDNS0(udp_len=_OWN_EDNS_SIZE)] if query.edns_size is not None else []
    return bytes(DNSRecord(header, questions=question, rr=records, ar=edns).pack())


def rcode_of(reply: bytes) -> int:
    """The result that an answer tells (without the extension of EDNS)."""
    return reply[3] & 15


def is_truncated(reply: bytes) -> bool:
    """Whether an answer says that there is more of it, by TCP."""
    return bool(reply[2] & _TRUNCATED >> 8)


def answers(query: Query, identity: bytes, reply: bytes) -> bool:
    """Whether `reply` is one to the query, sent under the two bytes `identity`.

    The question is compared without regard to case. A server may leave it out when it reports an error.
    """
    if len(reply) < _HEADER.size or reply[:2] != identity or not reply[2] & _RESPONSE >> 8:
        return False
    if reply[2] >> 3 & 15 != query.opcode:
        return False
    if not query.whole or not (questions := struct.unpack_from("!H", reply, 4)[0]):
        return not query.whole or not query.is_question or rcode_of(reply) != NOERROR
    asked = slice(_HEADER.size, query.end)
    return bool(questions == 1) and reply[asked].lower() == query.message[asked].lower()


def readdressed(query: Query, reply: bytes) -> bytes:
    """Somebody else's answer as one to this query: its ID, and the question in the client's spelling."""
    body = reply[2:]
    if query.whole and struct.unpack_from("!H", reply, 4)[0]:
        body = reply[2 : _HEADER.size] + query.message[_HEADER.size : query.end] + reply[query.end :]
    return query.message[:2] + body


def fitted(reply: bytes, size: int) -> bytes:
    """An answer cut to `size` bytes: whole records from the front, and a mark where one that counts is missing.

    What does not even hold what its header promises is cut to that header.
    """
    if len(reply) <= size:
        return reply
    identity, flags, questions, answered, authorities, additionals = _HEADER.unpack_from(reply)
    try:
        at = _HEADER.size
        for _ in range(questions):
            at = _after_name(reply, at) + 4
        records = list(_records(reply, at, answered + authorities + additionals))
    except MessageError:
        at, records = len(reply), []
    edns = b"".join(reply[record.begin : record.end] for record in records if record.kind == OPT_TYPE)
    kept = list(takewhile(lambda record: record.kind != OPT_TYPE and record.end + len(edns) <= size, records))
    end = kept[-1].end if kept else at
    if end + len(edns) > size:
        return _HEADER.pack(identity, flags | _TRUNCATED, 0, 0, 0, 0)
    counts = (min(len(kept), answered), min(max(len(kept) - answered, 0), authorities))
    missing = len(kept) < answered + authorities
    more = len(kept) - sum(counts) + bool(edns)
    return (
        _HEADER.pack(identity, flags | (_TRUNCATED if missing else 0), questions, *counts, more)
        + reply[_HEADER.size : end]
        + edns
    )
