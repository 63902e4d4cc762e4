"""Work that something else may end."""

import asyncio

import pytest

from limavm.hostagent.race import undisturbed


async def test_what_ends_first_counts_and_the_rest_is_cancelled() -> None:
    event = asyncio.Event()

    async def work() -> int:
        await event.wait()
        return 1

    assert await undisturbed(work(), asyncio.sleep(0)) is None
    event.set()
    assert await undisturbed(work(), asyncio.Event().wait()) == 1


async def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await undisturbed(work(), asyncio.Event().wait())


async def test_cancelling_it_cancels_the_work() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(undisturbed(work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
