"""Calls that may never return, as a look at a dead network drive: each in a thread that nobody has to wait for.

The threads of `asyncio.to_thread` are few and shared, and the end of the program waits for them. So one directory that
does not answer would take away the threads of everything else, and then keep the process from ending.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Result = TypeVar("_Result")


class Aside:
    """Calls one after the other. While one does not return, the next ones wait, and take no thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._last: asyncio.Event | None = None

    async def call(self, function: Callable[[], _Result], *, limit: float | None = None) -> _Result:
        """What the function returns or raises; TimeoutError after `limit` seconds, and then it may go on by itself."""
        loop = asyncio.get_running_loop()
        outcome: Future[_Result] = Future()
        async with asyncio.timeout(limit):
            while self._last and not self._last.is_set():
                await self._last.wait()
            over = self._last = asyncio.Event()

            def work() -> None:
                try:
                    outcome.set_result(function())
                except BaseException as error:  # noqa: BLE001 - it is raised where it was called
                    outcome.set_exception(error)
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(over.set)

            threading.Thread(target=work, name=self._name, daemon=True).start()
            await over.wait()
        return outcome.result()
