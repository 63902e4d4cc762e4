"""Tunnels: one gRPC stream is one connection in the guest, or one peer of a UDP port (spec/runtime.md 7.4, 8.4).

Nothing is read from a socket before the stream has taken what was read before, and nothing from the stream before
the socket has: what waits is one message in each direction, and the stream's window.
"""

import asyncio
import logging
import socket
import struct
import sys
from collections.abc import Coroutine
from typing import Any

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from limavm.guestagent.address import Target, parse_target
from limavm.wire.handlers import HALF_CLOSE_KEY
from limavm.wire.messages import TunnelMessage

log = logging.getLogger(__name__)

TunnelStream = Stream[TunnelMessage, TunnelMessage]

#: Larger messages are hardly cheaper by the byte, and one that is under way holds up all other tunnels.
CHUNK = 64 << 10
DATAGRAM = 65507
DIAL_LIMIT = 10.0
UDP_IDLE = 90.0
_KEEPALIVE = 60
#: What `SO_LINGER` takes so that `close` resets the connection.
_RESET = struct.pack("ii", 1, 0)


async def serve_tunnel(stream: TunnelStream, *, udp_idle: float = UDP_IDLE) -> None:
    """Be one tunnel, until both sides have ended it or one has broken it off."""
    first = await stream.recv_message()
    if first is None:
        return
    sock = await dial(first.protocol, first.guest_addr)
    try:
        if first.protocol == "udp":
            await _relay_datagrams(sock, stream, first.data, udp_idle)
        else:
            await _relay(sock, stream, first.data)
    except BaseException:
        _reset_on_close(sock)  # the peer in the guest is to see that it was broken off
        raise
    finally:
        sock.close()


async def dial(protocol: str, address: str) -> socket.socket:
    """A connected socket that does not block; raises GRPCError with what is wrong."""
    if protocol not in ("tcp", "udp"):
        raise GRPCError(Status.INVALID_ARGUMENT, f"{protocol[:80]!r} is neither tcp nor udp")
    try:
        family, target = parse_target(address)
    except ValueError as error:
        raise GRPCError(Status.INVALID_ARGUMENT, str(error)) from error
    try:
        sock = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    except OSError as error:
        raise GRPCError(Status.UNAVAILABLE, error.strerror or str(error)) from error
    try:
        await _connect(sock, (family, target))
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError):
            raise GRPCError(Status.UNAVAILABLE, f"{address}: {error.strerror or error}") from error
        raise
    return sock


async def _connect(sock: socket.socket, target: Target) -> None:
    sock.setblocking(False)
    if sock.type == socket.SOCK_DGRAM:
        sock.connect(target[1])
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE)
    # asyncio.wait_for forgets, before Python 3.12, that it was cancelled in the moment in which it had a result.
    connecting = asyncio.ensure_future(asyncio.get_running_loop().sock_connect(sock, target[1]))
    try:
        await asyncio.wait({connecting}, timeout=DIAL_LIMIT)
        if not connecting.done():
            raise GRPCError(Status.DEADLINE_EXCEEDED, f"no answer within {DIAL_LIMIT:g} s")
        connecting.result()
    finally:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)


async def _relay(sock: socket.socket, stream: TunnelStream, data: bytes) -> None:
    half_close = stream.metadata is not None and stream.metadata.get(HALF_CLOSE_KEY) == "1"
    # That it is connected is worth knowing before the first byte comes back.
    await stream.send_initial_metadata(metadata={HALF_CLOSE_KEY: "1"} if half_close else None)
    loop = asyncio.get_running_loop()

    async def to_guest() -> None:
        if data:
            await loop.sock_sendall(sock, data)
        async for message in stream:
            await loop.sock_sendall(sock, message.data)
        sock.shutdown(socket.SHUT_WR)

    async def from_guest() -> None:
        while chunk := await loop.sock_recv(sock, CHUNK):
            await stream.send_message(TunnelMessage(data=chunk))
        if half_close:
            await stream.send_message(TunnelMessage())

    try:
        await _both(to_guest(), from_guest(), second_ends_both=not half_close)
    except OSError as error:
        raise GRPCError(Status.ABORTED, error.strerror or str(error)) from error


async def _relay_datagrams(sock: socket.socket, stream: TunnelStream, data: bytes, idle: float) -> None:
    await stream.send_initial_metadata()
    loop = asyncio.get_running_loop()
    used = loop.time()

    async def to_guest() -> None:
        nonlocal used
        if data:
            await _send_datagram(sock, data)
        async for message in stream:
            used = loop.time()
            await _send_datagram(sock, message.data)

    async def from_guest() -> None:
        nonlocal used
        while True:
            try:
                datagram = await loop.sock_recv(sock, DATAGRAM)
            except OSError as error:  # nobody listens there now; it may be that somebody does at the next one
                log.debug("UDP: %s", error)
                continue
            used = loop.time()
            await stream.send_message(TunnelMessage(data=datagram))

    async def until_idle() -> None:
        while (left := used + idle - loop.time()) > 0:
            await asyncio.sleep(left)

    await _both(to_guest(), _first(from_guest(), until_idle()), second_ends_both=True, first_ends_both=True)


async def _send_datagram(sock: socket.socket, data: bytes) -> None:
    try:
        await asyncio.get_running_loop().sock_sendall(sock, data)
    except OSError as error:  # refused, too long, no route: as if the network had lost it
        log.debug("UDP: %s", error)


async def _first(*parts: Coroutine[Any, Any, None]) -> None:
    """Until one of them has ended."""
    await _both(*parts, first_ends_both=True, second_ends_both=True)


async def _both(
    first: Coroutine[Any, Any, None],
    second: Coroutine[Any, Any, None],
    *,
    first_ends_both: bool = False,
    second_ends_both: bool,
) -> None:
    """Until both have ended, or one that ends the other, too; raises what one of them raises."""
    tasks = [asyncio.ensure_future(first), asyncio.ensure_future(second)]
    ends = dict(zip(tasks, (first_ends_both, second_ends_both), strict=True))
    pending = set(tasks)
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if any(ends[task] for task in done):
                return
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _reset_on_close(sock: socket.socket) -> None:
    if sock.type == socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
