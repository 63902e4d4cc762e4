"""The host's end of a TCP tunnel, call by call; with real sockets see test_tunnels."""

import asyncio
import errno
from typing import Any

import pytest

from limavm.hostagent.forwarding.tunneltcp import TunneledConnection
from limavm.hostagent.guestlink.tunnel import Tunnel, TunnelEnd
from limavm.wire.guestservice_pb2 import TunnelMessage


class Wire(asyncio.Transport):
    """A transport that notes what is done with it."""

    def __init__(self, peer: tuple[str, int]) -> None:
        super().__init__(extra={"peername": peer})
        self.calls: list[str] = []
        self.is_reset = False

    def __getattribute__(self, name: str) -> Any:
        if name in {"abort", "close", "pause_reading", "resume_reading"}:
            return lambda: self.calls.append(name)
        return super().__getattribute__(name)

    def write_eof(self) -> None:
        if self.is_reset:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        self.calls.append("write_eof")

    def write(self, data: Any) -> None:
        self.calls.append(f"write {bytes(data).decode()}")

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return "close" in self.calls


class Source:
    """Tunnels that never start."""

    def __init__(self) -> None:
        self.opened = 0
        self.abandoned = 0

    def open_tunnel(self, first: TunnelMessage, end: TunnelEnd) -> Tunnel:
        self.opened += 1
        return Tunnel(first, end)

    def abandon_tunnel(self, tunnel: Tunnel) -> None:
        self.abandoned += 1


async def connection(*, peer: str = "127.0.0.1", local_only: bool = False) -> tuple[TunneledConnection, Wire, Source]:
    source, wire = Source(), Wire((peer, 1))
    made = TunneledConnection(source, TunnelMessage(id="tcp-x-1", protocol="tcp"), local_only=local_only)
    made.connection_made(wire)
    await asyncio.sleep(0)  # it is paused when its transport has begun to read
    return made, wire, source


@pytest.mark.parametrize(("peer", "opened"), [("127.0.0.1", 1), ("::1", 1), ("192.168.1.2", 0)])
async def test_a_peer_that_is_not_on_this_host_is_dropped_where_only_such_may_connect(peer: str, opened: int) -> None:
    made, wire, source = await connection(peer=peer, local_only=True)

    assert source.opened == opened
    assert wire.calls == (["pause_reading"] if opened else ["abort"])
    made.connection_lost(None)
    assert source.abandoned == opened


async def test_nothing_is_read_before_the_tunnel_has_started() -> None:
    made, wire, _ = await connection()
    made.opened()

    assert wire.calls == ["pause_reading", "resume_reading"]


async def test_the_end_of_a_connection_that_was_reset_meanwhile_harms_nobody_else() -> None:
    made, wire, source = await connection()
    wire.is_reset = True
    made.opened()
    made.ended()
    made.connection_lost(ConnectionResetError())

    assert source.abandoned == 1


async def test_each_direction_ends_by_itself() -> None:
    made, wire, source = await connection()
    made.opened()
    made.received(b"last")
    made.ended()
    assert wire.calls[2:] == ["write last", "write_eof"]
    assert made.eof_received() is True
    assert wire.calls[4:] == ["close"]
    made.connection_lost(None)

    assert source.abandoned == 0, "what waits in the tunnel is still sent"


@pytest.mark.parametrize(("error", "call"), [("", "close"), ("connection refused", "abort")])
async def test_a_tunnel_that_fails_resets_and_one_that_is_over_closes(error: str, call: str) -> None:
    made, wire, source = await connection()
    made.closed(error)
    made.received(b"")

    assert wire.calls[1] == call
    made.connection_lost(None)
    assert source.abandoned == 0


async def test_whatever_comes_after_the_end_of_the_connection_is_harmless() -> None:
    made, wire, source = await connection()
    made.connection_lost(ConnectionResetError())
    made.opened()
    made.writable()
    made.received(b"x")
    made.ended()
    made.closed("late")
    made.pause_writing()
    made.resume_writing()

    assert wire.calls == ["pause_reading"]
    assert source.abandoned == 1
