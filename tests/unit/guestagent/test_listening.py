import asyncio
import logging
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from limavm.guestagent.listening import bind_private, from_host, port_device, serve_unix, serve_virtio, serve_vsock
from limavm.guestagent.server import GuestService
from limavm.guestagent.serving import AgentServer
from tests.fakes.grpcpeer import Peer
from tests.unit.guestagent.agent import FakeListeners

if sys.platform != "linux":
    pytest.skip("a guest is Linux", allow_module_level=True)


def new_server(directory: Path) -> AgentServer:
    return AgentServer(GuestService(FakeListeners(), str(directory)))


async def test_a_unix_socket_takes_the_place_of_an_old_one_and_goes_with_us(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    bind_private(path, os.geteuid()).close()
    server = new_server(tmp_path)

    serving = asyncio.ensure_future(serve_unix(server, path, os.geteuid()))
    await asyncio.sleep(0)
    peer = await Peer.connected(path)
    assert (await peer.call("GetInfo", b""))["grpc-status"] == "0"
    await peer.close()
    await server.stop()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)

    assert not os.path.exists(path)


def test_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    mask = os.umask(0)
    try:
        sock = bind_private(path, os.geteuid())
    finally:
        os.umask(mask)

    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert os.stat(path).st_uid == os.geteuid()
    sock.close()


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")

    with pytest.raises(OSError, match="in use"):
        bind_private(str(path), os.geteuid())

    assert path.read_text() == "data"


@pytest.mark.parametrize(("peer", "admitted"), [((2, 1024), True), ((3, 1024), False), ((1, 7), False), (None, False)])
async def test_only_the_host_is_admitted_by_vsock(peer: tuple[int, int] | None, admitted: bool) -> None:
    assert from_host(asyncio.Transport({"peername": peer})) is admitted


@pytest.mark.skipif(not os.path.exists("/dev/vsock"), reason="this kernel has no vsock")
async def test_a_vsock_peer_on_this_machine_is_dropped(tmp_path: Path) -> None:
    server = new_server(tmp_path)
    serving = asyncio.ensure_future(serve_vsock(server, 47_222))
    await asyncio.sleep(0)
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as sock:
        sock.settimeout(0.3)
        try:
            await asyncio.to_thread(sock.connect, (1, 47_222))
        except OSError:
            pytest.skip("no loopback for vsock")
        sock.settimeout(10.0)
        while await asyncio.to_thread(sock.recv, 65536):
            pass
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await server.stop()


def test_a_port_is_found_by_its_link_or_its_name(tmp_path: Path) -> None:
    links, classes = tmp_path / "links", tmp_path / "class"
    (classes / "vport0p1").mkdir(parents=True)
    (classes / "vport0p1" / "name").write_text("io.lima-vm.guest_agent.0\n")

    def find(name: str) -> str:
        return port_device(name, str(links), str(classes), "/dev")

    assert find("io.lima-vm.guest_agent.0") == "/dev/vport0p1"
    assert find("other") == f"{links}/other"
    links.mkdir()
    (links / "io.lima-vm.guest_agent.0").touch()
    assert find("io.lima-vm.guest_agent.0") == f"{links}/io.lima-vm.guest_agent.0"


async def test_a_port_that_is_not_there_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        serving = asyncio.ensure_future(serve_virtio(new_server(tmp_path), "no.such.port"))
        await asyncio.wait({serving}, timeout=0.05)
        assert not serving.done()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    assert len(caplog.records) == 1
    assert "waiting for the virtio-serial port no.such.port" in caplog.text
