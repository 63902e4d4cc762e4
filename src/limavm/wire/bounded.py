"""gRPC's HTTP/2 with bounds, for either side: what a peer sends never costs more memory than is said here.

grpclib reads a message of any length that its header names, keeps a record for each DATA frame, and drops a
connection with a traceback when it meets a frame that it does not know. One protocol class replaces its parts that
receive; `limavm.wire.channel` and `guestagent` put it under grpclib's client and server.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from grpclib.config import Configuration
from grpclib.const import Status
from grpclib.encoding.proto import ProtoCodec
from grpclib.exceptions import GRPCError
from grpclib.metadata import decode_metadata
from grpclib.protocol import Connection, EventsProcessor, H2Protocol, Stream
from grpclib.utils import Wrapper
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.events import Event, RequestReceived, ResponseReceived, StreamReset, TrailersReceived
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import DataFrame

from limavm.wire.manystreams import ManyStreams
from limavm.wire.messages import DecodeError
from limavm.wire.turns import Turns

log = logging.getLogger(__name__)

#: The longest message that either side takes. It is what other implementations of gRPC take unless told otherwise,
#: and holds 100,000 listeners; the messages of a tunnel are 64 KiB.
MAX_MESSAGE = 4 << 20
#: What one stream may have under way. Enough for 250 MB/s when a round trip takes 1 ms, which it does not.
STREAM_WINDOW = 256 << 10
#: What all streams of a connection may have under way: the window of as many as Lima allows. So a stream that
#: nobody reads leaves room for the others, and this is all the memory that a peer can fill.
CONNECTION_WINDOW = 2048 * STREAM_WINDOW
#: A frame costs the interpreter ten times what its bytes cost, so larger ones than HTTP/2's 16 KiB are welcome.
MAX_FRAME = 128 << 10
#: Each idle connection through a tunnel is a stream.
MAX_STREAMS = 16384
#: Answers to pings and settings that a peer may leave unread.
_MAX_UNSENT = 16 << 20
_FIRST_WINDOW = 65535
_FRAME_HEADER = 9

# h2 describes each frame that it receives for a log that nobody reads, and hyperframe turns all its bytes into
# hexadecimal digits for that: a third of what a received frame costs.
DataFrame._body_repr = lambda _: "data"  # type: ignore[method-assign, assignment]


def configuration() -> Configuration:
    """The windows of either side."""
    return Configuration(http2_connection_window_size=CONNECTION_WINDOW, http2_stream_window_size=STREAM_WINDOW)


class Buffer:
    """What a stream has received and nobody has read: bytes, whatever the frames were that they came in."""

    def __init__(self, acknowledge: Callable[[int], None]) -> None:
        self._acknowledge = acknowledge
        self._data = bytearray()
        self._owed = 0  # bytes of the stream's window that are not given back; at least what is in `_data`
        self._ended = False
        self._news = asyncio.Event()

    def add(self, data: bytes, ack_size: int) -> None:
        """Keep what a frame held; `ack_size` counts its padding, too."""
        self._data += data
        self._owed += ack_size
        self._news.set()

    def eof(self) -> None:
        """Nothing follows."""
        self._ended = True
        self._news.set()

    async def read(self, size: int) -> bytes:
        """As many bytes; fewer at the end of the stream."""
        while len(self._data) < size and not self._ended:
            # The reader wants it all, however little the window is.
            self._give_back(self._owed)
            self._news.clear()
            await self._news.wait()
        data = bytes(memoryview(self._data)[:size])
        del self._data[:size]
        self._give_back(self._owed - len(self._data))
        return data

    def unacked_size(self) -> int:
        """What is to be given back when the stream is released."""
        owed, self._owed = self._owed, 0
        return owed

    def _give_back(self, size: int) -> None:
        if size > 0:
            self._owed -= size
            self._acknowledge(size)


class BoundedStream(Stream):
    """A stream that refuses a message by its header."""

    _within_message = False

    def init_stream(self, stream_id: int, connection: Connection) -> None:
        """As grpclib does, with our buffer."""
        super().init_stream(stream_id, connection)
        self.buffer = Buffer(lambda size: connection.ack(stream_id, size))  # type: ignore[assignment]

    async def recv_data(self, size: int) -> bytes:
        """The header of a message, b"" at the stream's end; then the message itself."""
        data = await self.buffer.read(size)
        if len(data) < size and (data or self._within_message):
            raise self._refused(Status.INTERNAL, "the stream ended within a message")
        if self._within_message:
            self._within_message = False
        elif data:
            if data[0]:
                raise self._refused(Status.UNIMPLEMENTED, "compressed messages are not understood")
            length = int.from_bytes(data[1:], "big")
            if length > MAX_MESSAGE:
                raise self._refused(
                    Status.RESOURCE_EXHAUSTED, f"a message of {length} bytes is longer than {MAX_MESSAGE}"
                )
            self._within_message = True
        return data

    def _refused(self, status: Status, why: str) -> GRPCError:
        log.warning("gRPC stream %s: %s", self.id, why)
        return GRPCError(status, why)


class BoundedConnection(Connection):
    """A connection whose streams are bounded, and write one after the other."""

    def __init__(self, connection: H2Connection, transport: asyncio.Transport, *, config: Configuration) -> None:
        super().__init__(connection, transport, config=config)
        self.write_ready = Turns()
        self.write_ready.set()

    def create_stream(self, *, stream_id: int | None = None, wrapper: Wrapper | None = None) -> Stream:
        """A stream of this connection."""
        return BoundedStream(self, self._connection, self._transport, stream_id=stream_id, wrapper=wrapper)

    def flush(self) -> None:
        """Send what is to be sent, unless the connection was closed meanwhile."""
        if not self.is_closing():
            super().flush()

    def drop_unread(self) -> None:
        """Close at once if the peer is behind with reading; it might never read, and a transport would wait for it."""
        if not self.is_closing() and self._transport.get_write_buffer_size() > _FIRST_WINDOW:
            self._transport.abort()

    @property
    def excess(self) -> str:
        """What the peer overdoes, in words; empty when it keeps within the bounds."""
        # h2 judges the length of a frame when the frame is complete, which may be after 16 MiB.
        if len(self._connection.incoming_buffer._data) > MAX_FRAME + _FRAME_HEADER:
            return f"a frame is longer than {MAX_FRAME} bytes"
        if not self.is_closing() and self._transport.get_write_buffer_size() > _MAX_UNSENT:
            return "the peer does not read the answers that it asks for"
        return ""


class BoundedProcessor(EventsProcessor):
    """What becomes of HTTP/2's events; unknown ones are nothing to us (RFC 9113, 4.1)."""

    def process(self, event: Event) -> None:
        """Hand an event to whom it concerns."""
        if event.__class__ in getattr(self, "processors", ()):
            super().process(event)

    def process_request_received(self, event: RequestReceived) -> None:
        """Begin a call."""
        if self._sound(event, ":method", ":path"):
            super().process_request_received(event)

    def process_response_received(self, event: ResponseReceived) -> None:
        """Take the headers of an answer."""
        if self._sound(event, ":status"):
            super().process_response_received(event)

    def process_trailers_received(self, event: TrailersReceived) -> None:
        """Take the status of a call."""
        if self._sound(event):
            super().process_trailers_received(event)

    def _sound(self, event: RequestReceived | ResponseReceived | TrailersReceived, *needed: str) -> bool:
        """Whether the headers are what grpclib takes for granted; the stream is reset if they are not."""
        headers = [(str(name), str(value)) for name, value in event.headers]
        try:
            if not {name for name, _ in headers}.issuperset(needed):
                raise ValueError(f"headers without {' or '.join(needed)}")
            decode_metadata(headers)
        except ValueError as error:
            log.warning("gRPC stream %s: %s", event.stream_id, error)
            with contextlib.suppress(ProtocolError):  # it may be closed already
                self.connection._connection.reset_stream(event.stream_id, ErrorCodes.PROTOCOL_ERROR)
            if stream := self.streams.get(event.stream_id):
                stream.__terminated__(str(error))
            return False
        return True

    def process_stream_reset(self, event: StreamReset) -> None:
        """End a stream; unless its answer is complete: then the rest of the request is unwanted (RFC 9113, 8.1)."""
        stream = self.streams.get(event.stream_id)
        if stream is None or stream.trailers is None:
            super().process_stream_reset(event)


class BoundedProtocol(H2Protocol):
    """One connection of gRPC, for grpclib's handlers of either side."""

    connection: BoundedConnection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say what we take, in the first frame."""
        assert isinstance(transport, asyncio.Transport)
        h2 = ManyStreams(config=self.h2_config)
        h2.local_settings = Settings(
            client=bool(self.h2_config.client_side),
            initial_values={
                SettingCodes.ENABLE_PUSH: 0,
                SettingCodes.INITIAL_WINDOW_SIZE: self.config.http2_stream_window_size,
                SettingCodes.MAX_CONCURRENT_STREAMS: MAX_STREAMS,
                SettingCodes.MAX_FRAME_SIZE: MAX_FRAME,
                SettingCodes.MAX_HEADER_LIST_SIZE: H2Connection.DEFAULT_MAX_HEADER_LIST_SIZE,
            },
        )
        h2.max_inbound_frame_size = MAX_FRAME
        h2.initiate_connection()
        h2.increment_flow_control_window(self.config.http2_connection_window_size - _FIRST_WINDOW)
        self.connection = BoundedConnection(h2, transport, config=self.config)
        self.connection.flush()
        self.connection.initialize()
        self.processor = BoundedProcessor(self.handler, self.connection)

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent; a peer that breaks the protocol is told so, and left."""
        if self.connection.is_closing():
            return
        try:
            events = self.connection.feed(data)
        except (ProtocolError, ValueError) as error:  # the latter from h2, of a header that is not ASCII
            self._leave(f"{type(error).__name__}: {error}", ErrorCodes.PROTOCOL_ERROR)
            return
        self.connection.flush()
        for event in events:
            self.processor.process(event)
        self.connection.flush()
        if excess := self.connection.excess:
            self._leave(excess, ErrorCodes.ENHANCE_YOUR_CALM)

    def leave(self) -> None:
        """Close the connection, and tell the peer that it was on purpose."""
        if not self.connection.is_closing():
            self._close(ErrorCodes.NO_ERROR)

    def _leave(self, why: str, code: ErrorCodes) -> None:
        log.warning("gRPC connection closed: %s", why[:200])
        self._close(code)

    def _close(self, code: ErrorCodes) -> None:
        h2 = self.connection._connection
        if h2.state_machine.state is not ConnectionState.CLOSED:  # h2 has said it, for most errors
            h2.close_connection(code)
        self.connection.flush()
        self.connection.drop_unread()
        self.processor.close("Closed by this side")


class BoundedCodec(ProtoCodec):
    """Messages as bytes; bytes that are none end the call, and are no error of ours."""

    def decode(self, data: bytes, message_type: type) -> object:  # type: ignore[override]
        """The message."""
        try:
            return super().decode(data, message_type)
        except (DecodeError, ValueError) as error:
            log.warning("gRPC: not a message of type %s: %s", message_type.__name__, str(error)[:200])
            raise GRPCError(Status.INVALID_ARGUMENT, f"this is no {message_type.__name__}") from error
