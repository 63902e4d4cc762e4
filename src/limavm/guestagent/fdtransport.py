"""An asyncio transport that writes to a file descriptor which others read, and which outlives it."""

import asyncio
import os
from typing import Any

_HIGH = 64 << 10
_LOW = 16 << 10


class FdTransport(asyncio.Transport):
    """Writes for one connection; never closes the descriptor.

    Whoever reads the descriptor hands what comes to the protocol, and calls `abort` when the peer has gone.
    """

    def __init__(self, fd: int, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._fd = fd
        self._protocol = protocol
        self._unsent = bytearray()
        self._paused = False
        self._closing = False
        self._lost = False
        protocol.connection_made(self)

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002 - asyncio's
        """There is none."""
        return default

    def is_closing(self) -> bool:
        """Whether `close` or `abort` was called."""
        return self._closing

    def get_write_buffer_size(self) -> int:
        """Bytes that the descriptor has not taken."""
        return len(self._unsent)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send what the descriptor takes, and keep the rest."""
        if self._closing or not data:
            return
        if not self._unsent:
            sent = self._send(data)
            if sent == len(data) or self._closing:  # or it has failed
                return
            self._unsent += memoryview(data)[sent:]
            self._loop.add_writer(self._fd, self._writable)
        else:
            self._unsent += data
        if len(self._unsent) > _HIGH and not self._paused:
            self._paused = True
            self._protocol.pause_writing()

    def close(self) -> None:
        """Send what is left, then tell the protocol that the connection is lost."""
        if not self._closing:
            self._closing = True
            if not self._unsent:
                self._loop.call_soon(self._lose)

    def abort(self) -> None:
        """As `close`, without sending what is left."""
        self._closing = True
        self._unsent.clear()
        self._loop.remove_writer(self._fd)
        self._loop.call_soon(self._lose)

    def _send(self, data: bytes | bytearray | memoryview) -> int:
        sent = 0
        view = memoryview(data)
        try:
            while sent < len(view):
                sent += os.write(self._fd, view[sent:])
        except BlockingIOError:
            pass
        except OSError:  # unplugged, or a pipe without a reader; whoever reads the descriptor will see the reason
            self.abort()
        return sent

    def _writable(self) -> None:
        sent = self._send(self._unsent[:_HIGH])  # a copy, and a short one: of 16 MiB it would be made 500 times
        del self._unsent[:sent]
        if not self._unsent:
            self._loop.remove_writer(self._fd)
            if self._closing and not self._lost:
                self._lose()
        if self._paused and len(self._unsent) <= _LOW and not self._closing:
            self._paused = False
            self._protocol.resume_writing()

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            self._protocol.connection_lost(None)
