"""What the guest agent answers (spec/runtime.md 7.3, 7.4)."""

import asyncio
import logging
from typing import Protocol, TypeVar

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from limavm.guestagent.clock import Clock, SystemClock, synchronise
from limavm.guestagent.events import State, differences
from limavm.guestagent.inotify import Signals
from limavm.guestagent.ports import Port
from limavm.guestagent.tunnel import serve_tunnel
from limavm.wire.handlers import GuestServiceBase
from limavm.wire.messages import Empty, Event, Info, Inotify, TimeSyncRequest, TimeSyncResponse, TunnelMessage

log = logging.getLogger(__name__)

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")

#: The file of what was told is rewritten at each event while it is as small as this, else at the stream's end.
_SMALL = 1000
_MANY = 65536
_MAX_ERRORS = 20


class Listeners(Protocol):
    """What knows what listens: `watcher.Watcher`."""

    async def now(self) -> frozenset[Port]:
        """A fresh look."""

    async def changed(self, known: frozenset[Port]) -> frozenset[Port]:
        """What listens, as soon as it differs."""


class GuestService(GuestServiceBase):
    """The service; `tell_error` reaches all who wait for events."""

    def __init__(
        self, listeners: Listeners, runtime_dir: str, *, clock: Clock | None = None, signals: Signals | None = None
    ) -> None:
        self._listeners = listeners
        self._state = State(runtime_dir)
        self._clock = clock or SystemClock()
        # What a host may know from GetInfo alone: if it has gone when events begin, they say so.
        self._in_info: frozenset[Port] = frozenset()
        self._errors: dict[asyncio.Event, list[str]] = {}
        self._signals = signals or Signals()

    async def get_info(self, stream: Stream[Empty, Info]) -> None:
        """Send everything that listens now."""
        await _request(stream)
        ports = await self._now()
        self._in_info = ports | self._in_info if len(self._in_info) <= _MANY else ports
        info = Info()
        for port in sorted(ports):
            info.local_ports.add(protocol=port.protocol, ip=port.ip, port=port.port, v6only=port.v6only)
        await stream.send_message(info)

    async def get_events(self, stream: Stream[Empty, Event]) -> None:
        """Send the difference to what was sent before, then every change."""
        await _request(stream)
        news = asyncio.Event()
        known = self._state.load()
        old, self._in_info = known | self._in_info, frozenset()
        now = await self._now()
        self._errors[news] = []
        try:
            await stream.send_initial_metadata()
            while True:
                errors, self._errors[news] = self._errors[news], []
                news.clear()
                for message in differences(now - known, old - now, errors):
                    await stream.send_message(message)
                    await asyncio.sleep(0)  # others have their turn
                if now != known and len(now) <= _SMALL:
                    self._state.store(now)
                known = old = now
                now = await self._change(now, news)
        finally:
            del self._errors[news]
            self._state.store(known)

    async def _now(self) -> frozenset[Port]:
        try:
            return await self._listeners.now()
        except OSError as error:
            raise GRPCError(Status.UNAVAILABLE, f"cannot find out what listens: {error}") from error

    async def _change(self, known: frozenset[Port], news: asyncio.Event) -> frozenset[Port]:
        """What listens, as soon as it differs or there is an error to tell."""
        change = asyncio.ensure_future(self._listeners.changed(known))
        error = asyncio.ensure_future(news.wait())
        try:
            await asyncio.wait({change, error}, return_when=asyncio.FIRST_COMPLETED)
            return change.result() if change.done() else known
        finally:
            change.cancel()
            error.cancel()
            await asyncio.gather(change, error, return_exceptions=True)

    def tell_error(self, error: str) -> None:
        """Send an error to every host that waits for events."""
        for news, errors in self._errors.items():
            if len(errors) < _MAX_ERRORS:
                errors.append(error[:1000])
            news.set()

    async def post_inotify(self, stream: Stream[Inotify, Empty]) -> None:
        """Have programs notice each change that is told; all are carried out when the answer is sent."""
        async for message in stream:
            await self._signals.tell(message)
        await stream.send_message(Empty())

    async def tunnel(self, stream: Stream[TunnelMessage, TunnelMessage]) -> None:
        """Be one connection to an address in the guest."""
        await serve_tunnel(stream)

    async def sync_time(self, stream: Stream[TimeSyncRequest, TimeSyncResponse]) -> None:
        """Set the clock."""
        request = await _request(stream)
        response = synchronise(request.host_time, self._clock)
        if response.adjusted:
            log.info("the clock was off by %d ms and is set", response.drift_ms)
        elif response.error:
            log.warning("the clock cannot be set: %s", response.error)
        await stream.send_message(response)


async def _request(stream: Stream[_Request, _Response]) -> _Request:
    message = await stream.recv_message()
    if message is None:
        raise GRPCError(Status.INVALID_ARGUMENT, "the request has no message")
    return message
