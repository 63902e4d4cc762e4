"""Where questions come in, from whichever socket: so many of them at once, and each with an answer of its own.

What a guest sends costs bounded memory and no exception, whatever it is. Nothing is logged for a single question.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from limavm.hostagent.names.message import SERVFAIL, Query, empty_reply, read_query

log = logging.getLogger(__name__)

#: Questions at once that cannot be answered on the spot; more than that are answered with SERVFAIL.
MOST_QUESTIONS = 1024
#: Bytes of a message that we read at all. A question has a few hundred at most, an update of a zone more.
LONGEST_QUESTION = 16 * 1024
#: Seconds between two complaints about the same.
_SELDOM = 60.0


class Answerer(Protocol):
    """Answers queries; whole answers, which the socket for UDP cuts."""

    def now(self, query: Query) -> bytes | None:
        """The answer, if it is known without asking anybody."""

    async def later(self, query: Query) -> bytes:
        """The answer of somebody else; within a deadline, and `SERVFAIL` if there is none."""


class Desk:
    """Takes questions from both sockets, and gives their answers back when they are there."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer
        self._tasks: set[asyncio.Task[None]] = set()
        self._told = -_SELDOM

    def take(self, message: bytes, reply: Callable[[Query, bytes], None]) -> bool:
        """Answer a message by `reply`, now or later; False when it gets no answer at all."""
        query = read_query(message) if len(message) <= LONGEST_QUESTION else None
        if query is None:
            return False
        if (answer := self._answerer.now(query)) is not None:
            reply(query, answer)
        elif len(self._tasks) >= MOST_QUESTIONS:
            self._complain()
            reply(query, empty_reply(query, SERVFAIL))
        else:
            task = asyncio.create_task(self._later(query, reply), name="a question for a name")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return True

    def _complain(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._told + _SELDOM:
            self._told = now
            log.warning("The guest asks for too many names at once; some get no answer")

    async def _later(self, query: Query, reply: Callable[[Query, bytes], None]) -> None:
        try:
            answer = await self._answerer.later(query)
        except Exception:  # the outer edge of a question
            log.exception("a question for a name failed")
            answer = empty_reply(query, SERVFAIL)
        reply(query, answer)

    async def close(self) -> None:
        """Drop the questions that are open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
