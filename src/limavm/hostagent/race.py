"""Work that goes on until something else happens."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


async def undisturbed(work: Coroutine[Any, Any, _Result], *disturbances: Coroutine[Any, Any, object]) -> _Result | None:
    """What `work` returns or raises; None when one of the others ended first. Nothing of all that goes on then."""
    working = asyncio.create_task(work)
    tasks = [working, *(asyncio.create_task(one) for one in disturbances)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None if working.cancelled() else working.result()
