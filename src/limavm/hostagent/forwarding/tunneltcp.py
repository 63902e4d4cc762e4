"""One accepted connection of the host, TCP or unix socket, and its tunnel.

Bytes wait nowhere but in the two transports and in the window of the tunnel's stream: whichever side does not read
stops the other. Each side's end of data is passed on by itself, and a reset as a reset.
"""

import asyncio
import contextlib
import logging
import socket
import struct
import sys
from typing import Protocol

from limavm.hostagent.forwarding.hostsocket import is_local
from limavm.hostagent.guestlink.complaints import Complaints
from limavm.hostagent.guestlink.tunnel import Tunnel, TunnelEnd
from limavm.wire.guestservice_pb2 import TunnelMessage

_KEEPALIVE = 60
#: What `SO_LINGER` takes so that the end of a connection is a reset.
_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class TunnelSource(Protocol):
    """Where tunnels come from (`guestagent`)."""

    def open_tunnel(self, first: TunnelMessage, end: TunnelEnd) -> Tunnel:
        """A tunnel that starts soon."""

    def abandon_tunnel(self, tunnel: Tunnel) -> None:
        """End it at once."""


class TunneledConnection(asyncio.Protocol):
    """Both a protocol of asyncio and the host's end of a tunnel."""

    def __init__(
        self, source: TunnelSource, first: TunnelMessage, *, local_only: bool = False, told: Complaints | None = None
    ) -> None:
        """`told` takes what goes wrong, of all connections: it is the guest that decides how often."""
        self._told = told or Complaints()
        self._source = source
        self._first = first
        self._local_only = local_only
        self._transport: asyncio.Transport | None = None
        self._tunnel: Tunnel | None = None
        self._opened = False
        self._host_ended = False
        self._guest_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a tunnel; nothing is read before it has started."""
        assert isinstance(transport, asyncio.Transport)
        if self._local_only and not is_local(transport.get_extra_info("peername")):
            transport.abort()
            return
        self._transport = transport
        # Older releases of Python 3.11 begin to read after this method, also when it has paused the transport.
        asyncio.get_running_loop().call_soon(self._pause_until_opened)
        with contextlib.suppress(OSError):  # as in `reset`
            _keep_alive(transport.get_extra_info("socket"))
        self._tunnel = self._source.open_tunnel(self._first, self)

    def _pause_until_opened(self) -> None:
        if self._transport is not None and not self._opened:
            self._transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        if self._tunnel is not None and not self._tunnel.write(data) and self._transport is not None:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Pass the end on, and keep the other direction."""
        self._host_ended = True
        if self._tunnel is None:
            return False
        self._tunnel.write_eof()
        if self._guest_ended and self._transport is not None:
            self._transport.close()
        return True

    def pause_writing(self) -> None:
        """The host's peer does not read."""
        if self._tunnel is not None:
            self._tunnel.pause()

    def resume_writing(self) -> None:
        """It reads again."""
        if self._tunnel is not None:
            self._tunnel.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """The host's connection is over; what the guest still has to say reaches nobody."""
        self._transport = None
        tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None and not (self._host_ended and self._guest_ended and exc is None):
            self._source.abandon_tunnel(tunnel)

    def opened(self) -> None:
        """Read from the host."""
        self._opened = True
        if self._transport is not None:
            self._transport.resume_reading()

    def writable(self) -> None:
        """Read on."""
        if self._transport is not None and not self._host_ended:
            self._transport.resume_reading()

    def received(self, data: bytes) -> None:
        """Pass on what the guest sends."""
        if self._transport is not None:
            self._transport.write(data)

    def ended(self) -> None:
        """Pass on the end of what the guest sends."""
        self._guest_ended = True
        if self._transport is None or self._transport.is_closing():
            return
        if self._host_ended:
            self._transport.close()
        elif self._transport.can_write_eof():
            # A peer that has reset the connection meanwhile has no other direction; `connection_lost` comes next.
            with contextlib.suppress(OSError):
                self._transport.write_eof()

    def closed(self, error: str) -> None:
        """The tunnel is over: in good order, or the host's connection is reset."""
        self._tunnel = None
        transport = self._transport
        if transport is None:
            return
        if not error:
            transport.close()
            return
        self._told.tell("a connection through a tunnel is broken off", error, level=logging.DEBUG)
        reset(transport)


def reset(transport: asyncio.Transport) -> None:
    """End a connection so that its peer sees a reset, where the kind of socket knows one."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6) and sock.fileno() >= 0:
        with contextlib.suppress(OSError):  # macOS refuses options of a connection that the peer has reset
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


def _keep_alive(sock: socket.socket | None) -> None:
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "darwin":
        sock.setsockopt(socket.IPPROTO_TCP, 0x10, _KEEPALIVE)  # TCP_KEEPALIVE, which Python 3.11 has no name for
    elif sys.platform != "win32":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE)
