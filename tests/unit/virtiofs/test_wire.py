"""Messages of vhost-user."""

import os
import socket
import struct
import sys
from collections.abc import Iterator

import pytest

if sys.platform != "linux":
    pytest.skip("virtiofs is for Linux hosts", allow_module_level=True)
assert sys.platform == "linux"

from limavm.virtiofs.wire import Lost, Message, Request, number, pair, receive, send  # noqa: E402 - there is none of it elsewhere

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def peers() -> Iterator[Pair]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_a_message_arrives_with_its_descriptors(peers: Pair) -> None:
    fd = os.memfd_create("x")
    os.write(fd, b"inside")

    send(peers[0], Message(Request.SET_VRING_KICK, b"12345678", (fd,), need_reply=True))
    found = receive(peers[1])

    assert (found.request, found.payload, found.need_reply) == (Request.SET_VRING_KICK, b"12345678", True)
    assert os.pread(found.fds[0], 9, 0) == b"inside"
    for one in (fd, *found.fds):
        os.close(one)


def test_numbers_and_pairs_are_read_as_they_were_written() -> None:
    assert number(Request.SET_FEATURES, 1 << 40).number() == 1 << 40
    assert pair(Request.SET_VRING_NUM, 1, 128).pair() == (1, 128)


def test_questions_are_answered_and_orders_when_that_is_asked_for() -> None:
    assert Message(Request.GET_FEATURES).expects_reply
    assert not Message(Request.SET_OWNER).expects_reply
    assert Message(Request.SET_OWNER, need_reply=True).expects_reply


@pytest.mark.parametrize(
    "data",
    [b"", b"\x01", struct.pack("=III", 1, 1, 8), struct.pack("=III", 1, 2, 0), struct.pack("=III", 1, 1, 1 << 20)],
    ids=["nothing", "half a header", "no payload", "another version", "too long"],
)
def test_what_is_no_message_ends_the_connection(peers: Pair, data: bytes) -> None:
    peers[0].sendall(data)
    peers[0].close()

    with pytest.raises(Lost):
        receive(peers[1])


def test_nobody_to_send_to_is_a_lost_connection(peers: Pair) -> None:
    peers[1].close()

    with pytest.raises(Lost):
        send(peers[0], Message(Request.SET_OWNER))
