"""One connection through the guest agent: a stream of `Tunnel` messages, without a task of its own.

There may be ten thousand of them, nearly all idle, and the few that are not carry every byte of a forward
through the interpreter. So nobody awaits anything here: HTTP/2's events come in as calls, and what can be sent
is sent at once. Half-close and the order of messages are those of spec/runtime.md 7.3 and `wire`.
"""

import asyncio
import contextlib
import struct
from typing import Protocol

from google.protobuf.message import DecodeError
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset, TrailersReceived, WindowUpdated
from h2.exceptions import ProtocolError

from limavm.hostagent.guestlink.complaints import quoted
from limavm.wire.guestservice_pb2 import TunnelMessage
from limavm.wire.service import HALF_CLOSE_KEY

_PREFIX = struct.Struct(">BI")
#: Data of one message. An agent that is slow reads the first of them while the second is under way.
_CHUNK = 64 << 10
#: The longest message: agents send 64 KiB at most. It fits into the window of a stream with room to spare, as what has
#: come of it is not given back before it is whole: so the window of the connection bounds what all tunnels hold of
#: messages that they have begun.
_LONGEST = 96 << 10
#: An agent that does not know half-close ends the call when we end our half, so it is told late: when the guest
#: has sent nothing for so many seconds after our end. Most answers are over then, and no connection stays for ever.
_LINGER = 5.0


class TunnelEnd(Protocol):
    """The host's side of a tunnel."""

    def opened(self) -> None:
        """The guest agent has been asked: `write` may be called."""

    def writable(self) -> None:
        """What `write` could not send has been sent."""

    def received(self, data: bytes) -> None:
        """The data of one message."""

    def ended(self) -> None:
        """The guest sends nothing more; it may still read."""

    def closed(self, error: str) -> None:
        """It is over: `error` says why, and is empty when both sides had ended or the guest's had closed."""


class Carrier(Protocol):
    """The connection to the agent that a tunnel goes through."""

    @property
    def h2(self) -> H2Connection:
        """The state of HTTP/2."""

    def flush(self) -> None:
        """Send what HTTP/2 wants to send."""

    @property
    def congested(self) -> bool:
        """Whether the transport takes no more for now."""

    def blocked(self, tunnel: "Tunnel") -> None:
        """Call `go_on` of the tunnel when something can be sent."""

    def unblocked(self, tunnel: "Tunnel") -> None:
        """It is no longer necessary."""

    def release(self, tunnel: "Tunnel") -> None:
        """Forget a tunnel that is over."""


class Tunnel:
    """A tunnel that was asked for. It starts when there is a connection, and never moves to another."""

    __slots__ = (
        "_buffer",
        "_ended",
        "_ending",
        "_error",
        "_guest_ended",
        "_half_close",
        "_heard",
        "_owed",
        "_pending",
        "_quiet",
        "carrier",
        "end",
        "first",
        "id",
        "limit",
    )

    def __init__(self, first: TunnelMessage, end: TunnelEnd) -> None:
        self.first = first
        self.end = end
        self.carrier: Carrier | None = None
        #: Of the stream; 0 before it starts.
        self.id = 0
        #: Gives up the wait for a start; later, for the guest's last words.
        self.limit: asyncio.TimerHandle | None = None
        self._buffer = bytearray()
        self._pending = memoryview(b"")
        self._owed = 0  # of the window, while the host's side does not read
        self._quiet = False  # the host's side does not read
        self._ending = False  # the host's side has ended
        self._ended = False  # the guest agent was told so
        self._guest_ended = False
        self._half_close = False  # our end may be told without ending the call
        self._heard = False  # the guest has sent something in the last `_LINGER` seconds
        self._error: str | None = None

    def start(self, carrier: Carrier, stream: int) -> None:
        """Begin on a stream whose headers were sent; nobody but `agentlink` calls this."""
        self.carrier, self.id = carrier, stream
        self.write(b"", self.first)
        self.end.opened()

    def write(self, data: bytes, message: TunnelMessage | None = None) -> bool:
        """Send data; False when not all could be sent: then nothing may follow before `writable` is called."""
        if self.carrier is None:
            return True
        parts = [bytes(self._pending)] if self._pending else []
        if message is not None:
            parts += _framed(message)
        for start in range(0, len(data), _CHUNK):
            parts += _framed(TunnelMessage(data=data[start : start + _CHUNK]))
        self._pending = memoryview(b"".join(parts))
        return self.push()

    def write_datagram(self, data: bytes) -> None:
        """Send one message, or nothing when something still waits to be sent, as networks do."""
        if self.carrier is not None and not self._pending:
            self.write(b"", TunnelMessage(data=data))

    def write_eof(self) -> None:
        """Nothing follows; what waits is still sent."""
        self._ending = True
        if not self._half_close and self.carrier is not None:
            self._heard = False
            self.limit = asyncio.get_running_loop().call_later(_LINGER, self._end_late)
        elif not self._pending:
            self.push()

    def pause(self) -> None:
        """The host's side reads no more for now: the window of the stream bounds what still comes."""
        self._quiet = True

    def resume(self) -> None:
        """The host's side reads again."""
        self._quiet = False
        if self._owed and self.carrier is not None:
            self._give_back(self.carrier)
            self.carrier.flush()

    def abort(self) -> None:
        """End it at once, in both directions; `closed` is not called."""
        carrier = self.carrier
        self._let_go()
        if carrier is not None:
            carrier.flush()

    def push(self) -> bool:
        """Send what waits, as far as windows allow; False when something is left."""
        carrier = self.carrier
        if carrier is None:
            return False
        try:
            while self._pending:
                room = min(carrier.h2.local_flow_control_window(self.id), carrier.h2.max_outbound_frame_size)
                if room <= 0 or carrier.congested:
                    carrier.blocked(self)
                    return False
                carrier.h2.send_data(self.id, self._pending[:room])
                self._pending = self._pending[room:]
                carrier.flush()
            if self._ending and self._half_close and not self._ended:
                self._ended = True
                carrier.h2.end_stream(self.id)
                carrier.flush()
        except ProtocolError:  # the stream or the connection has ended, and the event that says so is next
            return False
        return True

    def go_on(self) -> None:
        """Send what waits, and say so when nothing is left."""
        carrier = self.carrier
        if carrier is not None and self.push():
            carrier.unblocked(self)
            self.end.writable()

    def handle(self, event: Event) -> None:
        """Take an event of the stream; `agentlink` sends afterwards what HTTP/2 wants to send."""
        if self.carrier is None:
            return
        match event:
            case DataReceived():
                self._heard = True
                self._owed += event.flow_controlled_length
                self._take(event.data)
                if self.carrier is not None and not self._quiet:
                    self._give_back(self.carrier)
            case WindowUpdated():
                if self._pending:
                    self.go_on()
            case ResponseReceived() | TrailersReceived():
                fields = _fields(event.headers)
                self._error = _failure(fields)
                if fields.get(HALF_CLOSE_KEY) == "1":
                    self._half_close = True
                    self.push()
            case StreamEnded():
                self._over("the guest agent ended the tunnel without a status" if self._error is None else self._error)
            case StreamReset():
                self._over(f"the guest agent reset the tunnel ({event.error_code!s})")
            case _:
                pass

    def lost(self, why: str) -> None:
        """The connection has gone, or it never came."""
        self.carrier = None
        self._cancel_limit()
        self.end.closed(why)

    def _take(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        position = 0
        while len(buffer) - position >= _PREFIX.size:
            compressed, length = _PREFIX.unpack_from(buffer, position)
            if compressed or length > _LONGEST:
                self._over("the guest agent sends what is no message of a tunnel")
                return
            if len(buffer) - position - _PREFIX.size < length:
                break
            position += _PREFIX.size
            if not self._deliver(bytes(memoryview(buffer)[position : position + length])):
                return
            position += length
        del buffer[:position]

    def _deliver(self, data: bytes) -> bool:
        """Whether the tunnel goes on after this message."""
        try:
            message = TunnelMessage.FromString(data)
        except DecodeError:
            self._over("the guest agent sends what is no message of a tunnel")
            return False
        if message.data or self.first.protocol == "udp":
            if not self._guest_ended:
                self.end.received(message.data)
        elif not self._guest_ended:
            self._guest_ended = True
            self.end.ended()
        return self.carrier is not None

    def _give_back(self, carrier: Carrier) -> None:
        kept = len(self._buffer) if self.carrier is not None else 0
        owed, self._owed = self._owed - kept, kept
        if owed > 0:
            with contextlib.suppress(ProtocolError):
                carrier.h2.acknowledge_received_data(owed, self.id)

    def _end_late(self) -> None:
        self.limit = None
        if self._heard and not self._half_close:
            self.write_eof()
        else:
            self._half_close = True
            self.push()

    def _cancel_limit(self) -> None:
        if self.limit is not None:
            self.limit.cancel()
            self.limit = None

    def _over(self, error: str) -> None:
        self._let_go()
        self.end.closed(error)

    def _let_go(self) -> None:
        self._cancel_limit()
        carrier, self.carrier = self.carrier, None
        if carrier is None:
            return
        self._give_back(carrier)
        stream = carrier.h2.streams.get(self.id)
        if stream is not None and not stream.closed:
            with contextlib.suppress(ProtocolError):
                carrier.h2.reset_stream(self.id, error_code=ErrorCodes.CANCEL)
        carrier.release(self)


def _framed(message: TunnelMessage) -> list[bytes]:
    body = message.SerializeToString()
    return [_PREFIX.pack(0, len(body)), body]


def _fields(headers: object) -> dict[str, str]:
    return {str(name): str(value) for name, value in headers} if isinstance(headers, list) else {}


def _failure(fields: dict[str, str]) -> str | None:
    """What the status in headers says: empty when the call succeeded, None when there is none."""
    if fields.get(":status", "200") != "200":
        return f"the guest agent answered with HTTP status {quoted(fields[':status'])}"
    status = fields.get("grpc-status")
    if status is None or status == "0":
        return "" if status else None
    return quoted(fields.get("grpc-message") or f"gRPC status {status}")
