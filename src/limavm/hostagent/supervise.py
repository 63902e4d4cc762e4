"""Keeps a part of the agent going: a defect in one must not end the machine, or stop the others."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from limavm.host.clock import monotonic

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0

#: What runs until it is cancelled.
Part = Callable[[], Awaitable[None]]


@contextlib.asynccontextmanager
async def supervised(parts: Mapping[str, Part]) -> AsyncIterator[None]:
    """Run parts, by their names, beside what stands in the context; then cancel them and wait for their ends."""
    tasks = [asyncio.create_task(supervise(name, part), name=name) for name, part in parts.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for name, end in zip(parts, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
            if isinstance(end, Exception):
                log.error("%s ended with a defect", name, exc_info=end)


async def supervise(name: str, part: Part) -> None:
    """Run a part again and again while it fails; returns when it does."""
    pause = _FIRST_PAUSE
    while True:
        began = monotonic()
        try:
            await part()
        except Exception:
            if (task := asyncio.current_task()) and task.cancelling():
                raise  # it failed on its way out, and is not wanted any more
            if monotonic() - began > _LONGEST_PAUSE:  # it was well for a while
                pause = _FIRST_PAUSE
            log.exception("%s has a defect; it is started again in %g s", name, pause)
        else:
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
