"""The ports on which the guest asks: one for UDP and one for TCP, both on 127.0.0.1 (RFC 1035, 4.2).

Somebody else may have a port at times; it is served as soon as it can be had.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from limavm.hostagent.names.desk import Desk
from limavm.hostagent.names.tcp import open_tcp
from limavm.hostagent.names.udp import open_udp

log = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
#: Seconds between tries to bind a port that is taken.
_PAUSE = 1.0


class _Socket(Protocol):
    """A bound socket: closed by us, or of its own accord."""

    lost: asyncio.Event

    def close(self) -> None: ...


#: Binds a port of an address; raises OSError.
_Open = Callable[[Desk, str, int], Awaitable[_Socket]]


@contextlib.asynccontextmanager
async def listening(desk: Desk, udp_port: int, tcp_port: int, *, insist: bool = True) -> AsyncIterator[None]:
    """Serve on both ports, 0 for none, until the context ends.

    A port that is taken is tried again each second. Unless `insist`: then OSError is raised.
    """
    kinds: list[tuple[_Open, int, str]] = [(open_udp, udp_port, "UDP"), (open_tcp, tcp_port, "TCP")]
    ports = [_Port(open_port, desk, port, kind) for open_port, port, kind in kinds if port]
    tasks = []
    try:
        for port in ports:
            await (port.is_open() if insist else port.open())
            tasks.append(asyncio.create_task(port.keep(), name=f"name server on {port.what}"))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for port in ports:
            port.close()
        await desk.close()


class _Port:
    """A port that is to be served, whoever else has it at times."""

    def __init__(self, opens: _Open, desk: Desk, port: int, kind: str) -> None:
        self._opens = opens
        self._desk = desk
        self._port = port
        self.what = f"{kind} port {port} of {ADDRESS}"
        self._socket: _Socket | None = None
        self._told = False

    async def open(self) -> None:
        """Bind it; raises OSError."""
        self._socket = await self._opens(self._desk, ADDRESS, self._port)
        log.info("Serving names on %s", self.what)
        self._told = False

    async def is_open(self) -> bool:
        """Try to bind it; whether that worked. The first failure is logged."""
        try:
            await self.open()
        except OSError as error:
            if not self._told:
                log.warning("Names cannot be served on %s yet: %s", self.what, error.strerror or error)
            self._told = True
        return self._socket is not None

    async def keep(self) -> None:
        """Open it again and again, for ever."""
        while True:
            if self._socket:
                await self._socket.lost.wait()
                self.close()
            while not await self.is_open():
                await asyncio.sleep(_PAUSE)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None
