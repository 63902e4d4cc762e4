"""What a guest may cost: questions are bounded. The sockets at work are in test_nameserver."""

import asyncio
import logging

import pytest
from dnslib import DNSRecord
from hypothesis import given
from hypothesis import strategies as st

from limavm.hostagent.names.desk import LONGEST_QUESTION, MOST_QUESTIONS, Desk
from limavm.hostagent.names.message import NOERROR, SERVFAIL, Query, empty_reply, rcode_of


class Slow:
    """Answers names that begin with `now` at once, others when it is let go, and fails for `fail`."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.waiting = 0

    def now(self, query: Query) -> bytes | None:
        return empty_reply(query, NOERROR) if query.name[:1] == (b"now",) else None

    async def later(self, query: Query) -> bytes:
        self.waiting += 1
        if query.name[:1] == (b"fail",):
            raise ZeroDivisionError
        await self.released.wait()
        return empty_reply(query, NOERROR)


def message(name: str) -> bytes:
    return bytes(DNSRecord.question(name).pack())


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_too_many_questions_at_once_fail_instead_of_piling_up(caplog: pytest.LogCaptureFixture) -> None:
    slow = Slow()
    desk = Desk(slow)
    replies: list[int] = []

    def reply(query: Query, answer: bytes) -> None:
        replies.append(rcode_of(answer))

    for _ in range(MOST_QUESTIONS + 100):
        assert desk.take(message("slow.example"), reply)
    await settled()
    assert replies == [SERVFAIL] * 100
    assert slow.waiting == MOST_QUESTIONS
    assert len(caplog.messages) == 1, "a flood of questions is none of log lines"

    desk.take(message("now.example"), reply)
    assert replies[100:] == [NOERROR]

    slow.released.set()
    await settled()
    assert replies[101:] == [NOERROR] * MOST_QUESTIONS
    desk.take(message("slow.example"), reply)
    await settled()
    assert replies[-1] == NOERROR


async def test_a_defect_costs_its_own_question_only(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(Slow())
    replies: list[int] = []

    for name in ("fail.example", "now.example"):
        desk.take(message(name), lambda query, answer: replies.append(rcode_of(answer)))
    await settled()

    assert replies == [NOERROR, SERVFAIL]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_open_questions_are_dropped_at_the_end() -> None:
    desk = Desk(Slow())
    replies: list[bytes] = []
    desk.take(message("slow.example"), lambda query, answer: replies.append(answer))
    await settled()

    await desk.close()

    assert replies == []


@given(st.binary(max_size=300))
def test_no_message_is_too_strange_for_the_desk(data: bytes) -> None:
    async def take() -> None:
        desk = Desk(Slow())
        desk.take(data, lambda query, answer: replies.append(answer))
        await desk.close()

    replies: list[bytes] = []
    asyncio.run(take())

    assert all(reply[:2] == data[:2] for reply in replies)


async def test_a_message_longer_than_any_question_gets_no_answer() -> None:
    desk = Desk(Slow())

    assert not desk.take(message("now.example") + b"\0" * LONGEST_QUESTION, lambda *_: None)
