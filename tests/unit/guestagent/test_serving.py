import asyncio
from pathlib import Path

import h2.events
import pytest
from grpclib.const import Status

from limavm.guestagent.server import GuestService
from limavm.guestagent.serving import AgentServer
from limavm.wire.service import TOKEN_KEY
from tests.fakes.grpcpeer import Peer
from tests.unit.guestagent.agent import FakeListeners, agent

METHODS = ("GetInfo", "GetEvents", "PostInotify", "Tunnel", "SyncTime")
WRONG = [(), ((TOKEN_KEY, ""),), ((TOKEN_KEY, "secreT"),), ((TOKEN_KEY, "secret2"),), (("other", "secret"),)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("metadata", WRONG)
async def test_with_a_token_no_call_without_it_is_answered(
    tmp_path: Path, method: str, metadata: tuple[tuple[str, str], ...]
) -> None:
    async with agent(tmp_path, token="secret") as (path, _):
        peer = await Peer.connected(path)
        headers = await peer.call(method, b"", *metadata)
        await peer.close()

    assert headers["grpc-status"] == str(Status.UNAUTHENTICATED.value)


@pytest.mark.parametrize("token", ["", "secret"])
async def test_the_right_token_is_answered(tmp_path: Path, token: str) -> None:
    async with agent(tmp_path, token=token) as (path, _):
        peer = await Peer.connected(path)
        headers = await peer.call("GetInfo", b"", (TOKEN_KEY, "secret"))
        await peer.close()

    assert headers["grpc-status"] == "0"


async def test_a_server_that_stops_says_so(tmp_path: Path) -> None:
    async with agent(tmp_path) as (path, _):
        peer = await Peer.connected(path)
        await peer.call("GetInfo", b"")
        peer.h2.ping(b"all read")  # a socket that is closed before everything was read loses what was written
        await peer.flush()
        await peer.next("PingAckReceived")
    assert isinstance(await peer.next("ConnectionTerminated"), h2.events.ConnectionTerminated)
    await peer.close()


async def test_a_peer_that_is_not_admitted_is_dropped(tmp_path: Path) -> None:
    server = AgentServer(GuestService(FakeListeners(), str(tmp_path)))
    path = str(tmp_path / "s")
    listening = await asyncio.get_running_loop().create_unix_server(lambda: server.protocol(lambda _: False), path)

    peer = await Peer.connected(path)
    assert await peer.next("ResponseReceived") is None
    await peer.close()

    listening.close()
    await server.stop()
