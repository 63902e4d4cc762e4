"""A gRPC client that knows HTTP/2 and sends whatever it is told: none of our code, none of protobuf's."""

import asyncio
import contextlib
import struct
import sys
from collections.abc import Sequence

import h2.config
import h2.connection
import h2.events

Headers = list[tuple[str, str]]


def message(body: bytes, *, length: int | None = None, compressed: bool = False) -> bytes:
    """A message of gRPC; its header may lie."""
    return struct.pack(">?I", compressed, len(body) if length is None else length) + body


def text(number: int, value: str | bytes) -> bytes:
    """A field of protobuf that holds a string, bytes, or a message, of less than 16 KiB."""
    data = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def number(number: int, value: int) -> bytes:
    """A field of protobuf that holds a number."""
    return bytes([number << 3]) + varint(value)


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


class Peer:
    """One connection; `h2` is its state, for what there is no method for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="ascii"))
        self.h2.initiate_connection()
        self.events: list[h2.events.Event] = []

    @classmethod
    async def connected(cls, path: str) -> "Peer":
        if sys.platform == "win32":
            raise OSError("there are no unix sockets on Windows")
        peer = cls(*await asyncio.open_unix_connection(path))
        await peer.flush()
        return peer

    def open(self, method: str, *metadata: tuple[str, str]) -> int:
        stream = self.h2.get_next_available_stream_id()
        headers = [
            *((":method", "POST"), (":scheme", "http"), (":path", f"/GuestService/{method}"), (":authority", "x")),
            *(("te", "trailers"), ("content-type", "application/grpc"), *metadata),
        ]
        self.h2.send_headers(stream, headers)
        return stream

    async def flush(self) -> None:
        self.writer.write(self.h2.data_to_send())
        await self.writer.drain()

    async def next(self, *names: str) -> h2.events.Event | None:
        """The next event of a class of one of these names; None when the connection ends before."""
        while True:
            while self.events:
                event = self.events.pop(0)
                if type(event).__name__ in names:
                    return event
            try:
                data = await self.reader.read(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            new = self.h2.receive_data(data)
            self.events += new
            for event in new:
                if isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id or 0)
            await self.flush()

    async def headers(self, *names: str) -> dict[str, str]:
        event = await self.next(*(names or ("ResponseReceived",)))
        found: Sequence[tuple[object, object]] = getattr(event, "headers", None) or []
        return {str(key): str(value) for key, value in found}

    async def call(self, method: str, body: bytes, *metadata: tuple[str, str]) -> dict[str, str]:
        """The status with which a call of one message ends, and what else is in the last headers."""
        stream = self.open(method, *metadata)
        self.h2.send_data(stream, message(body), end_stream=True)
        await self.flush()
        headers = await self.headers()
        return headers if "grpc-status" in headers else await self.headers("TrailersReceived")

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
