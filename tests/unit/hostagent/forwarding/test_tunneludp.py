"""Datagrams: a tunnel for each peer, and a bound on everything."""

import asyncio
from typing import cast

from limavm.hostagent.forwarding.tunneludp import MAX_DATAGRAM, MAX_STARTING, TunneledPort
from limavm.hostagent.guestlink.tunnel import Tunnel, TunnelEnd
from limavm.wire.guestservice_pb2 import TunnelMessage

ADDRESSES = [("127.0.0.1", port) for port in range(1, 5)]


class Recorded:
    """A source whose tunnels never start by themselves."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, TunnelEnd]] = []
        self.abandoned: list[str] = []

    def open_tunnel(self, first: TunnelMessage, end: TunnelEnd) -> Tunnel:
        self.opened.append((first.id, end))
        return Tunnel(first, end)

    def abandon_tunnel(self, tunnel: Tunnel) -> None:
        self.abandoned.append(tunnel.first.id)


class Sink(asyncio.DatagramTransport):
    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[bytes, object]] = []

    def sendto(self, data: object, addr: object = None) -> None:
        self.sent.append((cast(bytes, data), addr))


def port(
    source: Recorded, *, idle: float = 90, brief: float = 10, max_peers: int = 1024, local_only: bool = False
) -> TunneledPort:
    made = TunneledPort(source, "127.0.0.1:53", idle=idle, brief=brief, max_peers=max_peers, local_only=local_only)
    made.connection_made(Sink())
    return made


async def test_each_peer_has_a_tunnel_and_the_one_that_was_silent_longest_makes_room() -> None:
    source = Recorded()
    udp = port(source, max_peers=2)
    for number in (0, 1, 0, 2, 1):
        udp.datagram_received(b"x", ADDRESSES[number])

    assert [name for name, _ in source.opened] == [f"udp-127.0.0.1:53-{number}" for number in (1, 2, 3, 4)]
    assert source.abandoned == ["udp-127.0.0.1:53-2", "udp-127.0.0.1:53-1"]
    udp.connection_lost(None)
    assert len(source.abandoned) == 4


async def test_a_silent_peer_is_forgotten() -> None:
    source = Recorded()
    udp = port(source, idle=0.05)
    udp.datagram_received(b"x", ADDRESSES[0])
    await asyncio.sleep(0.03)
    udp.datagram_received(b"x", ADDRESSES[1])
    await asyncio.sleep(0.03)
    assert source.abandoned == ["udp-127.0.0.1:53-1"]
    await asyncio.sleep(0.06)

    assert source.abandoned == ["udp-127.0.0.1:53-1", "udp-127.0.0.1:53-2"]
    udp.connection_lost(None)


async def test_a_peer_that_is_answered_is_not_silent() -> None:
    source = Recorded()
    udp = port(source, max_peers=2)
    udp.datagram_received(b"x", ADDRESSES[0])
    udp.datagram_received(b"x", ADDRESSES[1])
    source.opened[0][1].received(b"answer")
    udp.datagram_received(b"x", ADDRESSES[2])

    assert source.abandoned == ["udp-127.0.0.1:53-2"]
    udp.connection_lost(None)


async def test_a_peer_whose_tunnel_has_ended_gets_another_one() -> None:
    source = Recorded()
    udp = port(source)
    udp.datagram_received(b"x", ADDRESSES[0])
    source.opened[0][1].closed("refused")
    udp.datagram_received(b"x", ADDRESSES[0])

    assert len(source.opened) == 2
    udp.connection_lost(None)


async def test_what_is_too_long_or_from_elsewhere_is_dropped() -> None:
    source = Recorded()
    udp = port(source, local_only=True)
    udp.datagram_received(bytes(MAX_DATAGRAM + 1), ADDRESSES[0])
    udp.datagram_received(b"x", ("192.168.1.2", 9))
    assert source.opened == []

    udp.datagram_received(bytes(MAX_DATAGRAM), ADDRESSES[0])
    source.opened[0][1].received(bytes(MAX_DATAGRAM + 1))
    source.opened[0][1].received(b"")
    udp.pause_writing()
    source.opened[0][1].received(b"dropped")
    udp.resume_writing()
    sink = udp.transport
    assert isinstance(sink, Sink)
    assert sink.sent == [(b"", ADDRESSES[0])]
    udp.connection_lost(None)


async def test_a_peer_of_one_question_and_its_answer_is_forgotten_sooner() -> None:
    source = Recorded()
    udp = port(source, brief=0.02)
    for number in (0, 1, 1):
        udp.datagram_received(b"x", ("127.0.0.1", number + 1))
    for _, end in source.opened:
        end.opened()
        end.received(b"answer")
    await abandoned(source, 1)
    udp.datagram_received(b"x", ("127.0.0.1", 3))  # begun later, forgotten before the one that asks more

    await abandoned(source, 2)

    assert source.abandoned == ["udp-127.0.0.1:53-1", "udp-127.0.0.1:53-3"]
    udp.connection_lost(None)


async def abandoned(source: Recorded, count: int) -> None:
    async with asyncio.timeout(10):
        while len(source.abandoned) < count:
            await asyncio.sleep(0.005)


async def test_new_peers_wait_for_a_guest_that_does_not_keep_up() -> None:
    source = Recorded()
    udp = port(source)
    for number in range(1, 200):
        udp.datagram_received(b"x", ("127.0.0.1", number))
    assert len(source.opened) == MAX_STARTING

    source.opened[0][1].opened()
    source.opened[1][1].closed("no answer")
    for number in range(200, 300):
        udp.datagram_received(b"x", ("127.0.0.1", number))
    assert len(source.opened) == MAX_STARTING + 2
    udp.connection_lost(None)
    assert len(source.abandoned) == MAX_STARTING + 1
