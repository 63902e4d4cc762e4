"""Tunnels that wait for a connection to the guest agent, or for room in it (spec/runtime.md 8.7).

A host listener outlives connections to the agent: each tunnel is bound to the connection that is there when it
starts, and waits a while for one when the agent is just being restarted.
"""

import asyncio

from limavm.hostagent.guestlink.agentlink import AgentLink
from limavm.hostagent.guestlink.tunnel import Tunnel, TunnelEnd
from limavm.wire.guestservice_pb2 import TunnelMessage

#: Seconds until a connection that cannot be passed on is refused.
DIAL_LIMIT = 10.0
#: Connections that wait at the same time; the others are refused at once.
_MAX_WAITING = 4096


class TunnelQueue:
    """Starts tunnels in the order in which they were asked for."""

    def __init__(self, limit: float = DIAL_LIMIT) -> None:
        self._limit = limit
        self._link: AgentLink | None = None
        self._waiting: dict[Tunnel, None] = {}
        self._starting = False

    def open(self, first: TunnelMessage, end: TunnelEnd) -> Tunnel:
        """A tunnel to where `first` tells; `end.opened` is called when it has started, `end.closed` when it cannot.

        Neither is called before this returns.
        """
        tunnel = Tunnel(first, end)
        loop = asyncio.get_running_loop()
        if len(self._waiting) >= _MAX_WAITING:
            loop.call_soon(self._refuse, tunnel, "too many connections wait for the guest agent")
            return tunnel
        self._waiting[tunnel] = None
        loop.call_soon(self._start)
        tunnel.limit = loop.call_later(self._limit, self._refuse, tunnel, f"no tunnel within {self._limit:g} s")
        return tunnel

    def abandon(self, tunnel: Tunnel) -> None:
        """End a tunnel at once, whether it has started or not."""
        self._waiting.pop(tunnel, None)
        tunnel.abort()

    def attach(self, link: AgentLink) -> None:
        """Start tunnels on this connection."""
        self._link = link
        link.protocol.on_room = self._start
        self._start()

    def detach(self) -> None:
        """There is no connection; those tunnels that wait go on waiting."""
        self._link = None

    def _start(self) -> None:
        if self._starting:  # a tunnel that ends while another starts makes room
            return
        self._starting = True
        try:
            while self._waiting and self._link is not None and self._link.protocol.has_room:
                tunnel = next(iter(self._waiting))
                del self._waiting[tunnel]
                if tunnel.limit is not None:
                    tunnel.limit.cancel()
                    tunnel.limit = None
                self._link.protocol.start(tunnel, self._link.headers)
        finally:
            self._starting = False

    def _refuse(self, tunnel: Tunnel, why: str) -> None:
        self._waiting.pop(tunnel, None)
        tunnel.limit = None
        tunnel.lost(why)
