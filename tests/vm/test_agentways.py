"""Other ways to the guest agent than QEMU's serial port: a unix socket over ssh, and vsock.

No driver offers them yet, but a machine of an older release has no serial port. The shared one is made into such
a machine for a while. A host with vsock is rare, so the guest is its own host there, by the kernel's loopback.
"""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from limavm.hostagent.guestlink.guestagent import GuestAgent
from limavm.model.forward import Listener
from limavm.store.plan import load_plan
from limavm.wire.bounded import BoundedProtocol
from limavm.wire.guestservice_pb2 import TunnelMessage
from tests.fakes.grpcpeer import Peer
from tests.vm.forwards import (
    BACK,
    Forwards,
    kill_agent,
    master_pid,
    sudo,
    survive_a_restart_of_the_agent,
    work_within,
)
from tests.vm.guest import Guest, answers, connected, refuses
from tests.vm.limactl import Limactl, wait_for

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

LOOPBACK = "127.0.0.1"
SOON = 15.0
PROGRAM = "/usr/local/bin/lima-guestagent"
SOCKET = "/run/lima-guestagent.sock"
SERIAL_PORT = "--virtio-port=io.lima-vm.guest_agent.0"
TOKEN = "--token-file=/var/lib/lima/guestagent-token"
UNAUTHENTICATED = "16"
METHODS = ["GetInfo", "GetEvents", "PostInotify", "Tunnel", "SyncTime"]
_ports = itertools.count(26000)


@pytest.fixture(scope="module")
def by_ssh(limactl: Limactl, forwarding: str) -> Iterator[str]:
    """The machine without a serial port for the agent, taken over by a host agent of now; its name."""
    directory = limactl.home / forwarding
    record, serial_port, aside = (directory / name for name in ("machine.json", "ga.sock", "ga.aside.sock"))
    before = record.read_bytes()
    plan = json.loads(before)
    del plan["machine"]["agentSocket"]
    user = limactl.ok("shell", forwarding, "id", "-u").strip()
    sudo(limactl, forwarding, PROGRAM, "install-systemd", f"--socket-owner={user}", TOKEN)
    kill_agent(limactl, forwarding)
    record.write_text(json.dumps(plan))
    serial_port.rename(aside)
    limactl.ok("start", forwarding)
    yield forwarding
    sudo(limactl, forwarding, PROGRAM, "install-systemd", SERIAL_PORT, TOKEN)
    kill_agent(limactl, forwarding)
    record.write_bytes(before)
    aside.rename(serial_port)
    limactl.ok("start", forwarding)


@pytest.fixture(autouse=True)
def _nothing_stays_open(guest: Guest) -> Iterator[None]:
    yield
    guest.call("close_all")


def test_ports_are_forwarded_when_the_agent_is_reached_over_ssh(
    limactl: Limactl, by_ssh: str, guest: Guest, forwards: Forwards
) -> None:
    ours = limactl.home / by_ssh / "ga.sock"
    assert stat.S_IMODE(ours.stat().st_mode) == 0o600
    assert "--socket-owner=" in guest.call("run", "pgrep", "-af", "lima-guestagent daemon")[1]
    port = next(_ports)
    guest.open("tcp", LOOPBACK, port)
    wait_for("a port", answers("tcp", LOOPBACK, port), SOON)

    guest.close("tcp", LOOPBACK, port)

    wait_for("its end", refuses("tcp", LOOPBACK, port), SOON)
    work_within(forwards, BACK)


def test_the_agent_over_ssh_is_found_again_after_its_restart(
    limactl: Limactl, by_ssh: str, guest: Guest, forwards: Forwards
) -> None:
    survive_a_restart_of_the_agent(limactl, by_ssh, guest, forwards, next(_ports))


def test_the_agent_over_ssh_is_found_again_after_the_end_of_the_ssh_master(
    limactl: Limactl, by_ssh: str, guest: Guest, forwards: Forwards
) -> None:
    before = master_pid(limactl, by_ssh)

    os.kill(before, signal.SIGKILL)
    fresh = next(_ports)
    guest.open("udp", LOOPBACK, fresh)

    wait_for("another master", lambda: master_pid(limactl, by_ssh) not in (0, before), 30)
    work_within({**forwards, "grpc, of a new port": answers("udp", LOOPBACK, fresh)}, BACK)


def test_other_users_of_the_guest_cannot_open_the_agents_socket(limactl: Limactl, by_ssh: str, guest: Guest) -> None:
    script = f"import socket; socket.socket(socket.AF_UNIX).connect({SOCKET!r})"

    output = guest.call("run", "sudo", "-n", "-u", "nobody", "python3", "-c", script)[1]

    assert "PermissionError" in output


@pytest.mark.parametrize("token", ["", "a guess"])
def test_whoever_opens_the_agents_socket_without_its_token_is_refused(
    token: str, limactl: Limactl, by_ssh: str
) -> None:
    """Through the forward of the host agent, which has the rights of the guest's user."""
    path = str(limactl.home / by_ssh / "ga.sock")
    metadata = [("lima-token", token)] if token else []

    async def statuses() -> list[str]:
        peer = await Peer.connected(path)
        try:
            async with asyncio.timeout(SOON):
                return [(await peer.call(method, b"", *metadata))["grpc-status"] for method in METHODS]
        finally:
            await peer.close()

    assert asyncio.run(statuses()) == [UNAUTHENTICATED] * len(METHODS)


VSOCK_PORT = 2222
#: The agent as it is, and what its check of the peer takes for the host.
VSOCK_AGENT = """\
import glob, sys
sys.path[:0] = glob.glob("/usr/local/lib/lima-guestagent/*/")
from limavm.guestagent import listening, main
listening._HOST_CID = {host}
sys.exit(main.main(["daemon", "--vsock-port={port}", "{token}", "--runtime-dir=/run/lima-vsock"]))
"""
HOST, OURSELVES = 2, 1


@contextlib.contextmanager
def agent_on_vsock(limactl: Limactl, machine: str, guest: Guest, host: int) -> Iterator[int]:
    """Another agent, on a vsock port; the port of our loopback that leads there."""
    if guest.call("run", "sudo", "-n", "modprobe", "vsock_loopback")[0]:
        pytest.skip("the guest's kernel has no vsock_loopback")
    port = next(_ports)
    code = VSOCK_AGENT.format(host=host, port=VSOCK_PORT, token=TOKEN)
    sudo(limactl, machine, "systemd-run", "--quiet", "--collect", "--unit=vsock", "python3", "-IS", "-c", code)
    try:
        guest.call("open_to_vsock", port, VSOCK_PORT)
        wait_for("the port", partial(accepted, port), SOON)
        yield port
    finally:
        sudo(limactl, machine, "systemctl", "stop", "vsock")


def accepted(port: int) -> bool:
    """Whether somebody listens on a port of the host's loopback; raises OSError when not."""
    connected((LOOPBACK, port)).close()
    return True


def test_a_peer_by_vsock_that_is_not_the_host_is_dropped(limactl: Limactl, forwarding: str, guest: Guest) -> None:
    dropped = "a connection that is not from the host was dropped: (1, "
    with agent_on_vsock(limactl, forwarding, guest, HOST) as port:

        def log() -> str:
            with connected((LOOPBACK, port)):
                return sudo(limactl, forwarding, "journalctl", "--quiet", "--unit=vsock", "--output=cat")

        wait_for("a word about us", lambda: dropped in log(), SOON)


class Heard:
    """The host's end of a tunnel: keeps what comes."""

    def __init__(self) -> None:
        self.text = b""
        self.ready = asyncio.Event()
        self.end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def opened(self) -> None:
        self.ready.set()

    def writable(self) -> None: ...

    def received(self, data: bytes) -> None:
        self.text += data

    def ended(self) -> None: ...

    def closed(self, error: str) -> None:
        self.end.set_result(error)


class Seen:
    """What listens on two ports, as a GuestAgent tells it."""

    def __init__(self, *ports: int) -> None:
        self._ports = ports
        self._now: set[int] = set()
        self._news = asyncio.Event()

    def __call__(self, listeners: frozenset[Listener]) -> None:
        self._now = {listener.port for listener in listeners} & {*self._ports}
        self._news.set()

    async def until(self, *wanted: int) -> None:
        async with asyncio.timeout(SOON):
            while self._now != {*wanted}:
                self._news.clear()
                await self._news.wait()


def test_the_agent_on_vsock_tells_of_ports_and_tunnels_to_them_and_is_found_again(
    limactl: Limactl, forwarding: str, guest: Guest
) -> None:
    token = load_plan(str(limactl.home / forwarding)).agent_token
    with agent_on_vsock(limactl, forwarding, guest, OURSELVES) as port:

        async def connect(factory: Callable[[], BoundedProtocol]) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
            return await asyncio.get_running_loop().create_connection(factory, LOOPBACK, port)

        async def talk() -> None:
            first, second = next(_ports), next(_ports)
            seen = Seen(first, second)
            agent = GuestAgent(connect, token=token, listeners=seen)
            task = asyncio.create_task(agent.run())
            try:
                await agent.wait_connected()
                await asyncio.to_thread(guest.open, "tcp", LOOPBACK, first)
                await seen.until(first)
                assert await said_through_tunnel(agent, first) == b"got ping"
                await asyncio.to_thread(sudo, limactl, forwarding, "systemctl", "restart", "vsock")
                await asyncio.to_thread(guest.open, "tcp", LOOPBACK, second)
                await seen.until(first, second)
                await asyncio.to_thread(guest.close, "tcp", LOOPBACK, first)
                await seen.until(second)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

        asyncio.run(asyncio.wait_for(talk(), 60))


async def said_through_tunnel(agent: GuestAgent, port: int) -> bytes:
    """What a port of the guest answers through the agent."""
    heard = Heard()
    tunnel = agent.open_tunnel(TunnelMessage(id="1", protocol="tcp", guest_addr=f"{LOOPBACK}:{port}"), heard)
    async with asyncio.timeout(SOON):
        await heard.ready.wait()
        tunnel.write(b"ping")
        tunnel.write_eof()
        assert await heard.end == ""
    return heard.text
