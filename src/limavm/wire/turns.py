"""Who may write next, where thousands of streams wait for one connection."""

import asyncio
from collections import deque
from typing import Literal


class Turns(asyncio.Event):
    """An event that lets those who wait go on one by one, in their order, as long as it stays set.

    grpclib's `write_ready` is cleared when the transport has enough to send. A plain event wakes everybody when it
    is set again, and each of them writes before anybody looks: with some hundred busy tunnels that is more at once
    than a peer may leave unread.
    """

    def __init__(self) -> None:
        super().__init__()
        self._queue: deque[asyncio.Future[None]] = deque()

    def set(self) -> None:
        """Let the first one go on."""
        super().set()
        self._wake()

    async def wait(self) -> Literal[True]:
        """Until it is set, and it is our turn; what is done before the next `await` is done in this turn."""
        if self.is_set() and not self._queue:
            return True
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._queue.append(turn)
        try:
            await turn
            while not self.is_set():  # it was cleared since we were woken: we are still the first
                self._queue[0] = turn = loop.create_future()
                await turn
            return True
        finally:
            self._queue.remove(turn)
            loop.call_soon(self._wake)

    def _wake(self) -> None:
        if self.is_set() and self._queue and not self._queue[0].done():
            self._queue[0].set_result(None)
