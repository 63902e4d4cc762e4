import errno
import socket
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.guestagent.diagwire import INET, INET6, Chunk, parse, request, text
from limavm.guestagent.ports import Port

BY_FAMILY = 20
ERROR = 2
DONE = 3


def message(kind: int, payload: bytes, flags: int = 2) -> bytes:
    length = 16 + len(payload)
    return struct.pack("=IHHII", length, kind, flags, 1, 4711) + payload + bytes(-length % 4)


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def entry(address: str, port: int, *, state: int = 10, attributes: bytes = b"") -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    number = INET6 if ":" in address else INET
    source = socket.inet_pton(family, address).ljust(16, b"\0")
    there = struct.pack(">HH", port, 0) + source + bytes(16) + bytes(4 + 8)
    fixed = bytes([number, state, 0, 0]) + there + struct.pack("=IIIII", 0, 0, 0, 1000, 7)
    return message(BY_FAMILY, fixed + attributes)


END = message(DONE, bytes(4))


def test_a_request_asks_for_the_sockets_of_one_protocol_and_family_that_wait() -> None:
    data = request("udp", INET6)

    assert struct.unpack_from("=IHH", data) == (len(data), BY_FAMILY, 0x301)
    assert struct.unpack_from("=BBBxI", data, 16) == (INET6, socket.IPPROTO_UDP, 0, 1 << 7)
    assert len(data) == 72


def test_sockets_that_listen_are_told_with_their_addresses() -> None:
    data = entry("127.0.0.1", 8080) + entry("0.0.0.0", 65535) + END

    assert parse(data, "tcp") == Chunk((Port("tcp", "127.0.0.1", 8080), Port("tcp", "0.0.0.0", 65535)), end=True)


def test_an_answer_may_come_in_several_reads() -> None:
    assert parse(entry("::1", 80), "tcp") == Chunk((Port("tcp", "::1", 80),), end=False)
    assert parse(END, "tcp") == Chunk(end=True)


def test_an_ipv4_address_in_the_clothes_of_ipv6_is_told_as_ipv4() -> None:
    assert parse(entry("::ffff:192.168.5.15", 80), "tcp").ports == (Port("tcp", "192.168.5.15", 80),)


@pytest.mark.parametrize(("value", "v6only"), [(b"\1", True), (b"\0", False)])
def test_a_wildcard_that_takes_no_ipv4_says_so(value: bytes, v6only: bool) -> None:
    attributes = attribute(8, b"\3") + attribute(5, bytes(3)) + attribute(11, value)

    assert parse(entry("::", 80, attributes=attributes), "tcp").ports == (Port("tcp", "::", 80, v6only),)


def test_v6only_means_nothing_beside_an_address() -> None:
    assert parse(entry("::1", 80, attributes=attribute(11, b"\1")), "tcp").ports == (Port("tcp", "::1", 80),)


def test_udp_sockets_with_a_peer_and_sockets_without_a_port_are_left_out() -> None:
    data = entry("127.0.0.1", 53, state=1) + entry("127.0.0.1", 0, state=7) + entry("127.0.0.1", 68, state=7)

    assert parse(data, "udp").ports == (Port("udp", "127.0.0.1", 68),)


def test_an_error_of_the_kernel_is_told() -> None:
    assert parse(message(ERROR, struct.pack("=i", -errno.ENOENT)), "tcp").error == errno.ENOENT


def test_an_error_at_the_end_of_a_dump_is_told() -> None:
    assert parse(message(DONE, struct.pack("=i", -errno.ENOENT)), "tcp").error == errno.ENOENT


def test_a_dump_that_the_kernel_calls_inconsistent_has_to_be_made_again() -> None:
    assert parse(entry("127.0.0.1", 80) + message(DONE, bytes(4), flags=0x12), "tcp").error == errno.EAGAIN


@pytest.mark.parametrize(
    "data",
    [
        entry("127.0.0.1", 80)[:40],
        struct.pack("=IHHII", 0, BY_FAMILY, 0, 0, 0),
        struct.pack("=IHHII", 0xFFFFFFFF, BY_FAMILY, 0, 0, 0),
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error(data: bytes) -> None:
    assert parse(data, "tcp") == Chunk(error=errno.EBADMSG)


def test_an_attribute_of_no_length_ends_the_attributes() -> None:
    assert parse(entry("::", 80, attributes=bytes(8) + attribute(11, b"\1")), "tcp").ports == (Port("tcp", "::", 80),)


def test_a_socket_whose_entry_is_cut_is_left_out() -> None:
    assert parse(message(BY_FAMILY, bytes(20)) + END, "tcp") == Chunk(end=True)


def test_many_addresses_are_not_remembered_for_ever() -> None:
    texts = {text(INET6, number.to_bytes(16, "big")) for number in range(5000)}

    assert len(texts) == 5000


PARTS = st.one_of(
    st.binary(max_size=200),
    st.builds(message, st.sampled_from([BY_FAMILY, DONE, ERROR, 99]), st.binary(max_size=140), st.integers(0, 0xFFFF)),
    st.builds(
        entry,
        st.sampled_from(["127.0.0.1", "::", "::1", "::ffff:1.2.3.4"]),
        st.integers(0, 65535),
        attributes=st.binary(max_size=40),
    ),
)


@given(st.lists(PARTS, max_size=8).map(b"".join), st.sampled_from(["tcp", "udp"]))
def test_whatever_comes_is_read_without_harm(data: bytes, protocol: str) -> None:
    chunk = parse(data, protocol)

    assert all(0 < port.port < 65536 and port.protocol == protocol for port in chunk.ports)
    assert len(chunk.ports) <= len(data) // 88


def test_the_kernel_s_own_numbers_are_used() -> None:
    if sys.platform == "linux":
        assert (INET, INET6) == (socket.AF_INET, socket.AF_INET6)
