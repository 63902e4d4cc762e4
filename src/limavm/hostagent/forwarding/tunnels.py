"""Forwards through the guest agent (`Route.GRPC`): listeners of the host, each connection a tunnel.

A listener outlives connections to the agent: what it accepts goes to the connection that is there then, or soon.
Closing a forward ends its listener at once. TCP connections that were accepted go on until they end by themselves,
as they do where ssh forwards and where there is no forward at all: a server that is told to end stops to listen,
and then answers its last requests. UDP has no connections, so a port ends with its peers.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Protocol

from limavm.hostagent.forwarding.hostsocket import BACKLOG, bind_address, bind_udp, listen_tcp, listen_unix
from limavm.hostagent.forwarding.opener import ForwardError
from limavm.hostagent.forwarding.tunneltcp import TunneledConnection, TunnelSource
from limavm.hostagent.forwarding.tunneludp import TunneledPort
from limavm.hostagent.guestlink.complaints import Complaints
from limavm.model.forward import Forward
from limavm.wire.guestservice_pb2 import TunnelMessage

log = logging.getLogger(__name__)


class Agent(TunnelSource, Protocol):
    """What is asked of the guest agent."""

    @property
    def connected(self) -> bool:
        """Whether tunnels start at once."""


class TunnelOpener:
    """An `opener.Opener`. `platform` as `sys.platform`."""

    def __init__(self, agent: Agent, *, platform: str = sys.platform) -> None:
        self._agent = agent
        self._platform = platform
        self._count = 0
        self._told = Complaints()
        self._open: dict[tuple[str, str, str], Callable[[], None]] = {}

    @property
    def ready(self) -> bool:
        """Whether the agent answers. What is open stays so without it, and waits for it."""
        return self._agent.connected

    async def open(self, forward: Forward) -> None:
        """Listen; raises ForwardError when the host's address is taken or cannot be had."""
        key = (forward.protocol, forward.host, forward.guest)
        if key in self._open:
            return
        if forward.reverse or forward.guest.startswith("/"):
            raise ForwardError("the guest agent passes on connections to ports of the guest only", where=forward.guest)
        if forward.protocol == "udp":
            self._open[key] = await self._receive(forward)
        elif forward.host.startswith("/"):
            self._open[key] = await self._accept(forward, await listen_unix(forward.host), local_only=False)
        else:
            ip, port, local_only = bind_address(forward.host, self._platform)
            self._open[key] = await self._accept(forward, listen_tcp(ip, port), local_only=local_only)

    async def close(self, forward: Forward) -> None:
        """Listen no more."""
        end = self._open.pop((forward.protocol, forward.host, forward.guest), None)
        if end is not None:
            end()
            await asyncio.sleep(0)  # asyncio closes sockets when it comes by: the port is free when we return

    async def _accept(self, forward: Forward, sock: socket.socket, *, local_only: bool) -> Callable[[], None]:
        def connection() -> TunneledConnection:
            self._count += 1
            name = f"tcp-{forward.guest}-{self._count}"
            first = TunnelMessage(id=name, protocol="tcp", guest_addr=forward.guest)
            return TunneledConnection(self._agent, first, local_only=local_only, told=self._told)

        path = forward.host if forward.host.startswith("/") else None
        identity = os.stat(path) if path else None
        # asyncio would try to accept as many as that at once, and when descriptors are used up, complain of each.
        server = await asyncio.get_running_loop().create_server(connection, sock=sock, backlog=1)
        sock.listen(BACKLOG)

        def end() -> None:
            server.close()
            if path is not None:
                with contextlib.suppress(OSError):
                    if identity is not None and os.path.samestat(os.lstat(path), identity):
                        os.unlink(path)

        return end

    async def _receive(self, forward: Forward) -> Callable[[], None]:
        ip, port, local_only = bind_address(forward.host, self._platform)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: TunneledPort(self._agent, forward.guest, local_only=local_only, told=self._told),
            sock=bind_udp(ip, port),
        )
        return transport.abort
