"""One connection to the guest agent: calls, pings, and the streams of tunnels.

What comes in is bounded by `wire.bounded`; beside that the agent, which is not trusted, gets no more than a part
of our time, and whatever it sends ends this connection at worst.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import grpclib.exceptions
from grpclib.client import Handler
from grpclib.exceptions import GRPCError, StreamTerminatedError
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, PingAckReceived, RemoteSettingsChanged, WindowUpdated
from h2.exceptions import ProtocolError, TooManyStreamsError

from limavm.errors import UserError
from limavm.hostagent.guestlink.complaints import Complaints, quoted
from limavm.hostagent.guestlink.tunnel import Tunnel
from limavm.wire.bounded import BoundedProcessor, BoundedProtocol
from limavm.wire.channel import BoundedChannel, Connect
from limavm.wire.service import HALF_CLOSE_KEY, TOKEN_KEY, GuestServiceStub

log = logging.getLogger(__name__)

# They would log each header at level DEBUG, and our token is one.
for _library in ("hpack", "grpclib"):
    logging.getLogger(_library).setLevel(logging.WARNING)

_Answer = TypeVar("_Answer")

#: Events that carry no data: a connection that opens and closes has five. More than this in a second is a flood.
_FLOOD = 20000
#: Streams that tunnels leave for calls.
_FOR_CALLS = 16
_TUNNEL = "/GuestService/Tunnel"
#: How a call fails when it is the agent that fails; grpclib asserts what a sound server does.
_FAILURES = (
    *(GRPCError, StreamTerminatedError, OSError, AssertionError, NotImplementedError),
    *(ProtocolError, grpclib.exceptions.ProtocolError, asyncio.CancelledError),
)


class AgentLostError(UserError):
    """The guest agent is not connected, or did not answer."""


class _Processor(BoundedProcessor):
    """Hands the events of tunnels to them, and the others to grpclib."""

    protocol: "AgentProtocol"
    _closed = False

    def process(self, event: Event) -> None:
        """Take an event."""
        self.protocol.idle_events += not (isinstance(event, DataReceived) and event.data)
        tunnel = self.protocol.tunnels.get(getattr(event, "stream_id", None) or 0)
        if tunnel is not None:
            tunnel.handle(event)
            return
        if isinstance(event, PingAckReceived):
            self.protocol.answered_ping(event.ping_data)
        super().process(event)
        if isinstance(event, WindowUpdated | RemoteSettingsChanged):
            self.protocol.push()
        if isinstance(event, RemoteSettingsChanged):
            self.protocol.on_room()

    def close(self, reason: str = "the connection was closed") -> None:
        """End all streams, once."""
        if not self._closed:
            self._closed = True
            super().close(reason)
            self.protocol.over(reason)


class AgentProtocol(BoundedProtocol):
    """HTTP/2 on a connection to the guest agent."""

    def __init__(self, handler: Handler, *arguments: Any) -> None:
        super().__init__(handler, *arguments)
        self.tunnels: dict[int, Tunnel] = {}
        #: What waits for the agent, and is cancelled when the connection is lost.
        self.calls: set[asyncio.Task[Any]] = set()
        self.complaints = Complaints()
        self.lost = asyncio.Event()
        self.why_lost = ""
        #: The agent has broken the protocol.
        self.violated = False
        #: Called when another tunnel may be started.
        self.on_room: Callable[[], None] = lambda: None
        self.idle_events = 0
        self.heard = time.monotonic()
        self._second = 0.0
        self._blocked: dict[Tunnel, None] = {}
        self._pings: dict[bytes, asyncio.Future[None]] = {}

    @property
    def h2(self) -> H2Connection:
        """The state of HTTP/2."""
        return self.connection._connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to speak."""
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.processor = _Processor(self.handler, self.connection)
        self.processor.protocol = self

    def data_received(self, data: bytes) -> None:
        """Take what the agent sent, however wrong it is."""
        self.heard = time.monotonic()
        try:
            super().data_received(data)
        except Exception as error:  # whatever a peer sends is no defect of ours
            log.debug("what the guest agent sent cannot be understood", exc_info=True)
            self.violated = True
            self.complaints.tell("the guest agent sends what cannot be understood", repr(error))
            self.abort("the guest agent sends what cannot be understood")
        self._pace()

    def _leave(self, why: str, code: ErrorCodes) -> None:
        self.violated = True
        self.complaints.tell("the guest agent breaks the protocol, or the serial port held old bytes", why)
        self._close(code)

    def _pace(self) -> None:
        """Read nothing until the second is over from an agent that floods us with what says nothing."""
        if self.heard - self._second >= 1:
            self._second, self.idle_events = self.heard, 0
        elif self.idle_events > _FLOOD and not self.lost.is_set():
            self.complaints.tell("the guest agent floods the connection; it is read more slowly")
            self.idle_events = 0
            self.transport.pause_reading()
            asyncio.get_running_loop().call_later(1, self._read_again)

    def _read_again(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def flush(self) -> None:
        """Send what HTTP/2 wants to send."""
        self.connection.flush()

    @property
    def congested(self) -> bool:
        """Whether the transport takes no more for now."""
        return not self.connection.write_ready.is_set()

    def resume_writing(self) -> None:
        """The transport takes more: so may those who wait."""
        super().resume_writing()
        self.push()

    def blocked(self, tunnel: Tunnel) -> None:
        """Push this tunnel when something can be sent."""
        self._blocked[tunnel] = None

    def unblocked(self, tunnel: Tunnel) -> None:
        """It waits no more."""
        self._blocked.pop(tunnel, None)

    def push(self) -> None:
        """Let the tunnels that wait send, each in its turn, while the connection takes more."""
        for tunnel in list(self._blocked):
            if self.congested or self.lost.is_set() or self.h2.outbound_flow_control_window <= 0:
                return
            if tunnel in self._blocked:
                del self._blocked[tunnel]
                tunnel.go_on()

    @property
    def has_room(self) -> bool:
        """Whether another tunnel can be started."""
        most = max(1, self.h2.remote_settings.max_concurrent_streams - _FOR_CALLS)
        return not self.lost.is_set() and len(self.tunnels) < most

    def start(self, tunnel: Tunnel, headers: list[tuple[str, str]]) -> None:
        """Start a tunnel."""
        try:
            stream = self.h2.get_next_available_stream_id()
            self.h2.send_headers(stream, headers)
        except ProtocolError as error:
            tunnel.lost(f"no tunnel can be opened: {quoted(str(error))}")
            if not isinstance(error, TooManyStreamsError):  # no more numbers, after a thousand million streams
                self.abort("no more tunnels can be opened")
            return
        self.tunnels[stream] = tunnel
        tunnel.start(self, stream)

    def release(self, tunnel: Tunnel) -> None:
        """Forget a tunnel that is over."""
        self.tunnels.pop(tunnel.id, None)
        self._blocked.pop(tunnel, None)
        self.connection.stream_close_waiter.set()
        self.on_room()

    async def ping(self, timeout: float) -> bool:
        """Whether the agent answers a ping of HTTP/2 in time."""
        if self.lost.is_set():
            return False
        data = time.monotonic_ns().to_bytes(8, "big")
        answer = self._pings[data] = asyncio.get_running_loop().create_future()
        try:
            self.h2.ping(data)
            self.flush()
            async with asyncio.timeout(timeout):
                await answer
        except (TimeoutError, ProtocolError):
            return False
        finally:
            del self._pings[data]
        return True

    def answered_ping(self, data: bytes) -> None:
        """Tell who waits."""
        answer = self._pings.get(data)
        if answer is not None and not answer.done():
            answer.set_result(None)

    def abort(self, reason: str) -> None:
        """Close the connection at once, whatever was still to be sent."""
        self.transport.abort()
        self.processor.close(reason)

    def over(self, reason: str) -> None:
        """The connection is closed: so are its tunnels."""
        self.why_lost = reason
        self.lost.set()
        self.transport.abort()
        for call in self.calls:
            call.cancel()
        tunnels, self.tunnels = self.tunnels, {}
        self._blocked.clear()
        for tunnel in tunnels.values():
            tunnel.lost("the guest agent is lost")


class AgentLink:
    """A connection with its calls; `close` it when it is no longer wanted."""

    def __init__(self, protocol: AgentProtocol, channel: BoundedChannel, token: str) -> None:
        self.protocol = protocol
        self.channel = channel
        self.stub = GuestServiceStub(channel)
        self.metadata = {TOKEN_KEY: token} if token else {}
        #: The headers of a tunnel.
        self.headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", _TUNNEL),
            (":authority", "localhost"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            (HALF_CLOSE_KEY, "1"),
            *self.metadata.items(),
        ]

    async def call(self, what: str, call: Coroutine[Any, Any, _Answer], timeout: float | None) -> _Answer:
        """The answer of a call; raises AgentLostError when there is none in time (`None`: whenever it comes).

        grpclib cancels the task that makes a call when the connection is lost, so that is a task of its own.
        """
        if self.protocol.lost.is_set():
            call.close()
            raise AgentLostError(f"the guest agent is lost: {self.protocol.why_lost}")
        task = asyncio.create_task(call, name=what)
        self.protocol.calls.add(task)
        try:
            done, _ = await asyncio.wait({task}, timeout=timeout)
        finally:
            self.protocol.calls.discard(task)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if not done:
            raise AgentLostError(f"the guest agent did not answer {what} within {timeout:g} s")
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            return task.result()
        if isinstance(error, _FAILURES):
            raise AgentLostError(f"the guest agent failed at {what}: {_words(error)}") from error
        raise error

    def close(self, reason: str) -> None:
        """Close the connection at once."""
        self.protocol.abort(reason)
        self.channel.close()


def _words(error: BaseException) -> str:
    if isinstance(error, GRPCError):
        return quoted(error.message or error.status.name)
    return quoted(str(error) or "the connection is lost")


async def connect_agent(connect: Connect, token: str) -> AgentLink:
    """A new connection, which says nothing about whether anybody answers; raises OSError and what `connect` raises."""
    made: list[AgentProtocol] = []

    async def once(_factory: Callable[[], BoundedProtocol]) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
        """A channel connects by itself when it must; ours is one connection, so that whoever sees it lost knows."""
        if not made:
            raise ConnectionError("the connection to the guest agent is lost")
        protocol = made.pop()
        return protocol.transport, protocol

    channel = BoundedChannel(once)
    _, protocol = await connect(lambda: AgentProtocol(Handler(), channel._config, channel._h2_config))
    assert isinstance(protocol, AgentProtocol)
    made.append(protocol)
    await channel.__connect__()
    return AgentLink(protocol, channel, token)
