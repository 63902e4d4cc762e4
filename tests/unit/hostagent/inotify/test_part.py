import asyncio
from collections.abc import Awaitable, Callable

import pytest

from limavm.hostagent.inotify.part import host_watch
from limavm.model.mount import MountState


class FakeAgent:
    async def wait_connected(self) -> None:
        pass

    async def inotify(self, changes: Callable[[], Awaitable[tuple[str, int] | None]]) -> None:
        pass


async def test_the_watch_runs_until_it_is_cancelled() -> None:
    asked = asyncio.Event()

    def mounts() -> list[MountState]:
        asked.set()
        return []

    task = asyncio.ensure_future(host_watch(mounts, FakeAgent())())
    await asked.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
