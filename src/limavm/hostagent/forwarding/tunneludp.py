"""A UDP port of the host whose datagrams go through tunnels: one for each peer (spec/runtime.md 8.4).

Datagrams are dropped where a network would drop them: too long, faster than the tunnel, to a tunnel that does not
start. A peer that is silent for 90 s is forgotten, one that asked and was answered but once after 10 s already, and the
one that was silent longest when there are too many. While many tunnels have not started, datagrams of new peers are
dropped: a guest that cannot keep up would answer nothing else, and each of them too late.
"""

import asyncio
import logging
from typing import Any, cast

from limavm.hostagent.forwarding.hostsocket import is_local
from limavm.hostagent.forwarding.tunneltcp import TunnelSource
from limavm.hostagent.guestlink.complaints import Complaints
from limavm.hostagent.guestlink.tunnel import Tunnel
from limavm.wire.guestservice_pb2 import TunnelMessage

log = logging.getLogger(__name__)

IDLE = 90.0
#: The same for a peer of one question and its answer, as those of name servers are.
BRIEF = 10.0
MAX_PEERS = 1024
#: Tunnels of one port that may be about to start.
MAX_STARTING = 32
#: The longest that UDP over IPv4 can carry.
MAX_DATAGRAM = 65507
#: Datagrams that wait until a new tunnel has started.
_EARLY = 16
_QUESTION_AND_ANSWER = 2


class TunneledPort(asyncio.DatagramProtocol):
    """A protocol of asyncio for a socket that is bound."""

    def __init__(
        self,
        source: TunnelSource,
        guest: str,
        *,
        local_only: bool = False,
        idle: float = IDLE,
        brief: float = BRIEF,
        max_peers: int = MAX_PEERS,
        told: Complaints | None = None,
    ) -> None:
        """`told` takes what goes wrong, of all ports: it is the guest that decides how often."""
        self.told = told or Complaints()
        self.source = source
        self._guest = guest
        self._local_only = local_only
        self._idle = idle
        self._brief = min(brief, idle)
        self._max_peers = max_peers
        self._count = 0
        self._starting = 0
        #: In the order of their last datagrams.
        self._peers: dict[Any, _Peer] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.DatagramTransport | None = None
        #: The kernel takes no more for now.
        self.congested = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The port is open."""
        # Python 3.11's transport for datagrams is no DatagramTransport by its class.
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Pass it on through the tunnel of its peer."""
        if len(data) > MAX_DATAGRAM or (self._local_only and not is_local(addr)):
            return
        peer = self._peers.get(addr)
        if peer is None:
            if self._starting >= MAX_STARTING:
                return
            peer = self._new_peer(addr)
        self.used(peer)
        peer.send(data)

    def pause_writing(self) -> None:
        """What comes from the guest is dropped."""
        self.congested = True

    def resume_writing(self) -> None:
        """It is sent again."""
        self.congested = False

    def error_received(self, exc: Exception) -> None:
        """A peer has gone; it is forgotten when it stays silent."""
        self.told.tell("a datagram was not taken by a peer on the host", exc, level=logging.DEBUG)

    def connection_lost(self, exc: Exception | None) -> None:
        """The port is closed, and so are its tunnels."""
        log.debug("UDP %s: closed: %s", self._guest, exc)
        self.transport = None
        if self._timer is not None:
            self._timer.cancel()
        for peer in list(self._peers.values()):
            self.forget(peer)

    def used(self, peer: "_Peer") -> None:
        """A datagram has passed, to or from the peer."""
        peer.used = asyncio.get_running_loop().time()
        peer.datagrams += 1
        self._peers[peer.address] = self._peers.pop(peer.address, peer)

    def forget(self, peer: "_Peer") -> None:
        """End the tunnel of a peer; its next datagram opens another."""
        self._peers.pop(peer.address, None)
        peer.end()

    def lost(self, peer: "_Peer") -> None:
        """The tunnel of a peer has ended."""
        self._peers.pop(peer.address, None)

    def started(self) -> None:
        """A tunnel that was about to start has started, or will not."""
        self._starting -= 1

    def _new_peer(self, address: Any) -> "_Peer":
        while len(self._peers) >= self._max_peers:
            self.forget(next(iter(self._peers.values())))
        self._count += 1
        self._starting += 1
        name = f"udp-{self._guest}-{self._count}"
        peer = _Peer(self, address, TunnelMessage(id=name, protocol="udp", guest_addr=self._guest))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._brief, self._expire)
        return peer

    def _expire(self) -> None:
        """Forget who was silent for too long, and look again when the next may be."""
        loop = asyncio.get_running_loop()
        now, ends = loop.time(), [loop.time() + self._brief]
        for peer in list(self._peers.values()):
            end = peer.used + (self._brief if peer.datagrams <= _QUESTION_AND_ANSWER else self._idle)
            if end <= now:
                self.forget(peer)
            else:
                ends.append(end)
        # Never more often than ten times in the shorter time, however many there are.
        self._timer = loop.call_at(max(min(ends), now + self._brief / 10), self._expire) if self._peers else None


class _Peer:
    """The host's end of a tunnel for one peer."""

    def __init__(self, port: TunneledPort, address: Any, first: TunnelMessage) -> None:
        self.address = address
        self.used = 0.0
        self.datagrams = 0
        self._port = port
        self._early: list[bytes] | None = []
        self._tunnel: Tunnel | None = port.source.open_tunnel(first, self)

    def send(self, data: bytes) -> None:
        """Pass on a datagram of the peer."""
        if self._early is not None:
            if len(self._early) < _EARLY:
                self._early.append(data)
        elif self._tunnel is not None:
            self._tunnel.write_datagram(data)

    def end(self) -> None:
        """End the tunnel."""
        tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None:
            self._has_started()
            self._port.source.abandon_tunnel(tunnel)

    def opened(self) -> None:
        """Send what has come meanwhile."""
        for data in self._has_started():
            self.send(data)

    def writable(self) -> None:
        """Nothing waits for it."""

    def received(self, data: bytes) -> None:
        """Pass on a datagram of the guest."""
        transport = self._port.transport
        if self._tunnel is None or transport is None or len(data) > MAX_DATAGRAM:
            return
        if not self._port.congested:
            transport.sendto(data, self.address)
        self._port.used(self)

    def ended(self) -> None:
        """A port has no end of data."""

    def closed(self, error: str) -> None:
        """The tunnel is over; the next datagram opens another."""
        self._port.told.tell("a tunnel for UDP has ended", error, level=logging.DEBUG)
        self._tunnel = None
        self._has_started()
        self._port.lost(self)

    def _has_started(self) -> list[bytes]:
        """It has, or never will; what has waited for that."""
        early, self._early = self._early, None
        if early is None:
            return []
        self._port.started()
        return early
