"""The API of a host agent in a thread, for as long as a test needs it; it tells of a list that the test changes."""

import asyncio
import threading
from pathlib import Path
from typing import Generic, Self, TypeVar

from limavm.hostagent.api import Actions, Handler, serving

_T = TypeVar("_T")


class AgentThread(Generic[_T]):
    """Subclasses say what is served in `routes` and `actions`, which are called in the thread."""

    def __init__(self, directory: Path, items: tuple[_T, ...]) -> None:
        self._directory = directory
        self.items = items
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._serve()])

    def routes(self) -> dict[str, Handler]:
        """What `GET` answers."""
        return {}

    def actions(self) -> Actions:
        """What other requests do."""
        return {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._loop.close()

    async def _serve(self) -> None:
        self._change, self._ended = asyncio.Event(), asyncio.Event()
        async with serving(str(self._directory / "ha.sock"), self.routes(), self.actions()):
            self._ready.set()
            await self._ended.wait()

    async def changed(self) -> None:
        """Return when the list is another one."""
        await self._change.wait()

    def change(self, *items: _T) -> None:
        """Tell of other ones from now on."""
        self._loop.call_soon_threadsafe(self.replace, items)

    def replace(self, items: tuple[_T, ...]) -> None:
        """The same, for who is in the thread."""
        self.items = items
        change, self._change = self._change, asyncio.Event()
        change.set()

    def end(self) -> None:
        """End, as an agent that was told to."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()
