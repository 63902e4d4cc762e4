"""What QEMU has said, and what another daemon is told of it."""

import os
import struct
import sys
from collections.abc import Iterator

import pytest

if sys.platform != "linux":
    pytest.skip("virtiofs is for Linux hosts", allow_module_level=True)
assert sys.platform == "linux"

from limavm.virtiofs.session import Session  # noqa: E402 - there is none of it elsewhere
from limavm.virtiofs.wire import Message, Request, number, pair  # noqa: E402 - there is none of it elsewhere

BASE = 0x7F0000000000


@pytest.fixture
def session() -> Iterator[Session]:
    found = Session()
    yield found
    found.close()


def memory(finished: int) -> int:
    fd = os.memfd_create("memory")
    os.pwrite(fd, struct.pack("<HH", 0, finished), 0x2000)
    return fd


def set_up(session: Session, finished: int = 0) -> None:
    session.record(Message(Request.SET_OWNER))
    session.record(number(Request.SET_PROTOCOL_FEATURES, 9))
    session.record(number(Request.SET_FEATURES, 1 << 30))
    table = struct.pack("=IIQQQQ", 1, 0, 0, 0x10000, BASE, 0)
    session.record(Message(Request.SET_MEM_TABLE, table, (memory(finished),)))


def start_ring(session: Session, base: int = 0) -> None:
    session.record(pair(Request.SET_VRING_NUM, 1, 128))
    session.record(pair(Request.SET_VRING_BASE, 1, base))
    session.record(Message(Request.SET_VRING_ADDR, struct.pack("=IIQQQQ", 1, 0, BASE, BASE + 0x2000, BASE, 0)))
    session.record(number(Request.SET_VRING_KICK, 1)._replace(fds=(os.eventfd(0, os.EFD_NONBLOCK),)))


def requests(session: Session) -> list[int]:
    return [message.request for message in session.replay()]


def base(session: Session) -> int:
    return next(m.pair()[1] for m in session.replay() if m.request == Request.SET_VRING_BASE)


def test_a_new_session_is_told_in_one_word(session: Session) -> None:
    assert requests(session) == [Request.GET_FEATURES]


def test_everything_is_told_again_in_the_order_of_the_protocol(session: Session) -> None:
    set_up(session)
    start_ring(session)

    assert requests(session) == [
        Request.GET_FEATURES,
        Request.SET_OWNER,
        Request.GET_PROTOCOL_FEATURES,
        Request.SET_PROTOCOL_FEATURES,
        Request.SET_FEATURES,
        Request.SET_MEM_TABLE,
        Request.SET_VRING_NUM,
        Request.SET_VRING_BASE,
        Request.SET_VRING_ADDR,
        Request.SET_VRING_KICK,
    ]


def test_only_the_last_word_counts(session: Session) -> None:
    session.record(number(Request.SET_FEATURES, 1))
    session.record(number(Request.SET_FEATURES, 2))

    assert [m.number() for m in session.replay() if m.request == Request.SET_FEATURES] == [2]


def test_a_descriptor_that_is_replaced_is_closed(session: Session) -> None:
    old, new = os.eventfd(0), os.eventfd(0)

    session.record(number(Request.SET_VRING_KICK, 0)._replace(fds=(old,)))
    session.record(number(Request.SET_VRING_KICK, 0)._replace(fds=(new,)))

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(old)
    os.fstat(new)


def test_a_ring_that_runs_goes_on_after_what_was_finished(session: Session) -> None:
    set_up(session, finished=41)
    start_ring(session, base=3)

    assert base(session) == 41


def test_a_ring_whose_memory_is_not_known_goes_on_where_it_began(session: Session) -> None:
    start_ring(session, base=3)

    assert base(session) == 3


def test_a_ring_that_was_stopped_begins_there(session: Session) -> None:
    set_up(session, finished=41)
    start_ring(session)
    session.stopped(pair(Request.GET_VRING_BASE, 1, 44))

    assert not session.is_running
    assert base(session) == 44
    assert Request.SET_VRING_KICK not in requests(session)


def test_a_ring_that_begins_at_nought_again_is_one_of_a_new_boot(session: Session) -> None:
    start_ring(session)
    session.stopped(pair(Request.GET_VRING_BASE, 1, 44))

    assert session.record(pair(Request.SET_VRING_BASE, 1, 0))
    assert not session.record(pair(Request.SET_VRING_BASE, 1, 0))


def test_a_ring_that_goes_on_after_a_pause_is_not(session: Session) -> None:
    start_ring(session)
    session.stopped(pair(Request.GET_VRING_BASE, 1, 44))

    assert not session.record(pair(Request.SET_VRING_BASE, 1, 44))


def test_the_guest_and_the_daemon_look_at_their_rings_again(session: Session) -> None:
    kick, call = os.eventfd(0, os.EFD_NONBLOCK), os.eventfd(0, os.EFD_NONBLOCK)
    session.record(number(Request.SET_VRING_KICK, 1)._replace(fds=(kick,)))
    session.record(number(Request.SET_VRING_CALL, 1)._replace(fds=(call,)))

    session.wake()

    assert (os.eventfd_read(kick), os.eventfd_read(call)) == (1, 1)


def test_what_could_not_be_remembered_is_not_offered(session: Session) -> None:
    offered = session.offered(number(Request.GET_PROTOCOL_FEATURES, 0xFFFF))

    assert offered.number() == 9
    assert session.offered(number(Request.GET_FEATURES, 0xFFFF)).number() == 0xFFFF


def test_a_daemon_that_finishes_in_any_order_keeps_account_for_the_next_one() -> None:
    session = Session(accounts=True)
    set_up(session)

    first = [m for m in session.replay() if m.request == Request.SET_INFLIGHT_FD]
    second = [m for m in session.replay() if m.request == Request.SET_INFLIGHT_FD]

    assert len(first) == 1
    assert first == second
    assert len(first[0].payload) == 24  # with padding, as libvhost-user wants it
    assert os.fstat(first[0].fds[0]).st_size == 2 * (16 * 1024 + 64)
    assert next(m.number() for m in session.replay() if m.request == Request.SET_PROTOCOL_FEATURES) == 9 | 1 << 12
    session.close()


def test_what_was_asked_before_a_boot_is_answered_to_nobody() -> None:
    session = Session(accounts=True)
    first = session.account()
    assert first
    os.pwrite(first.fds[0], b"asked", 0)

    session.forget_account()
    second = session.account()

    assert second
    assert os.pread(second.fds[0], 5, 0) == bytes(5)
    session.close()
