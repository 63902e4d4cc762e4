"""Connections over a virtio-serial port: one at a time, told apart by the host's hanging up and by HTTP/2's preface.

The kernel (drivers/char/virtio_console.c) says of a port on which nobody is on the host's side: a read returns
nothing, and poll sees a hang-up, always. So while we wait for the host the port is watched edge-triggered, by an
epoll of its own: it speaks once, when the host comes. The device stays open, as closing it would throw away what
the host has begun to send.
"""

import asyncio
import logging
import os
import select
import sys
from collections.abc import Callable
from typing import Protocol

from limavm.guestagent.fdtransport import FdTransport
from limavm.guestagent.frames import PREFACE, Frames
from limavm.wire.bounded import BoundedProtocol

log = logging.getLogger(__name__)

#: The kernel gives a page at a time; so many before others have their turn.
_READS = 16
_SIZE = 64 << 10


class _Watch(Protocol):
    """What is used of `select.epoll`, which only Linux has."""

    def fileno(self) -> int: ...

    def poll(self, timeout: float) -> list[tuple[int, int]]: ...

    def close(self) -> None: ...


class SerialPort:
    """Serves connections on descriptors (the device's own, twice) that do not block, and stay the caller's."""

    def __init__(self, incoming: int, outgoing: int, protocol: Callable[[], BoundedProtocol]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._new_protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._protocol: BoundedProtocol | None = None
        self._transport: FdTransport | None = None
        self._frames = Frames()
        # Our side closed the connection, so what comes belongs to nothing until another one begins.
        self._refused = False
        self._watch: _Watch | None = None
        self._gone: asyncio.Future[OSError] = self._loop.create_future()

    async def serve(self) -> OSError:
        """Serve until the device is gone, and say why; or until cancelled."""
        try:
            self._wait_for_host()
            return await self._gone
        finally:
            self._end()
            self._loop.remove_reader(self._incoming)
            self._stop_watching()

    def _wait_for_host(self) -> None:
        if sys.platform != "linux":
            raise OSError("there is no virtio-serial port but on Linux")
        self._watch = watch = select.epoll()
        watch.register(self._incoming, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        self._loop.add_reader(self._watch.fileno(), self._host_may_be_there)

    def _host_may_be_there(self) -> None:
        if sys.platform == "linux" and self._watch is not None:
            for _, events in self._watch.poll(0):
                if not events & select.EPOLLHUP or events & select.EPOLLERR:
                    self._stop_watching()
                    self._begin()
                    self._loop.add_reader(self._incoming, self._readable)
                    return

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._loop.remove_reader(self._watch.fileno())
            self._watch.close()
            self._watch = None

    def _readable(self) -> None:
        for _ in range(_READS):
            try:
                data = os.read(self._incoming, _SIZE)
            except BlockingIOError:
                return
            except OSError as error:
                self._loop.remove_reader(self._incoming)
                if not self._gone.done():
                    self._gone.set_result(error)
                return
            if not data:
                self._hang_up()
                return
            self._received(data)

    def _received(self, data: bytes) -> None:
        mine, new = self._frames.split(data)
        if self._transport is None or self._transport.is_closing():
            if not self._refused:
                log.warning("the connection is closed; what the host still sends is dropped")
                self._refused = True
            if data.startswith(PREFACE):  # where frames begin is not known of a host that has sent none
                new = data
        else:
            self._feed(mine)
        if new:
            log.info("the host has begun anew")
            self._begin(new)

    def _begin(self, data: bytes = b"") -> None:
        """A connection, which speaks first: a host that still believes in an older one learns better at once."""
        self._end()
        self._frames = Frames()
        self._refused = False
        self._protocol = self._new_protocol()
        self._transport = FdTransport(self._outgoing, self._protocol)
        if data:
            self._received(data)

    def _feed(self, data: bytes) -> None:
        if self._protocol is None or self._transport is None:
            return
        try:
            self._protocol.data_received(data)
        except Exception:
            log.exception("what the host sent cannot be understood")
            self._transport.abort()

    def _hang_up(self) -> None:
        self._loop.remove_reader(self._incoming)
        self._end()
        self._wait_for_host()

    def _end(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._transport = self._protocol = None
