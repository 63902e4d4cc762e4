"""A host agent that does nothing but tell of ports, in a thread, for as long as a test needs it."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from limavm.host import pidfile
from limavm.hostagent.api import Handler, serving
from limavm.hostagent.forwarding.api import ports_handler
from limavm.model.forward import PortStatus


class PortAgent:
    """Its ports change when a test says so; without `ports` it is an agent that knows nothing of them."""

    def __init__(self, directory: Path, ports: Sequence[PortStatus] | None) -> None:
        self._directory = directory
        self._ports = ports
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._serve()])

    def __enter__(self) -> "PortAgent":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._loop.close()

    async def _serve(self) -> None:
        self._change, self._ended = asyncio.Event(), asyncio.Event()
        routes: dict[str, Handler] = {}
        if self._ports is not None:
            routes["/v1/ports"] = ports_handler(lambda: self._ports or (), self._changed, pause=0)
        async with serving(str(self._directory / "ha.sock"), routes):
            self._ready.set()
            await self._ended.wait()

    async def _changed(self) -> None:
        await self._change.wait()

    def change(self, *ports: PortStatus) -> None:
        """Have other ports from now on."""

        def do_it() -> None:
            self._ports = ports
            change, self._change = self._change, asyncio.Event()
            change.set()

        self._loop.call_soon_threadsafe(do_it)

    def end(self) -> None:
        """End, as an agent that was told to."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()


@contextmanager
def port_agent(directory: Path, ports: Sequence[PortStatus] | None) -> Iterator[PortAgent]:
    """The agent of the instance in `directory`, with its PID file."""
    with pidfile.held(str(directory / "ha.pid")), PortAgent(directory, ports) as agent:
        yield agent
