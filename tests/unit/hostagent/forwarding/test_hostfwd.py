"""Forwards that the hypervisor makes: a fake one listens for real."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from limavm.driver import ForwardRefusedError, HypervisorLostError
from limavm.host.net import free_port
from limavm.hostagent.forwarding.hostfwd import HostfwdOpener
from limavm.hostagent.forwarding.hostport import is_taken
from limavm.hostagent.forwarding.opener import ForwardError, RouteLostError
from limavm.model.forward import Forward, HostForward, PortState, Route
from limavm.model.machine import Machine
from tests.unit.driver.qemu.machines import a_machine
from tests.unit.hostagent.forwarding.forwards import listener, running


class Hypervisor:
    """Listens as QEMU does, and says as little when it cannot."""

    def __init__(self) -> None:
        self.machine = a_machine()
        self.forwards_ports = True
        self.sockets: dict[HostForward, socket.socket] = {}
        self.asked = 0
        self.deaf = False
        self._callbacks: list[Callable[[Machine], object]] = []

    def on_change(self, callback: Callable[[Machine], object]) -> None:
        self._callbacks.append(callback)

    async def add_forward(self, forward: HostForward) -> None:
        self._hears()
        listener = socket.socket(type=socket.SOCK_STREAM if forward.protocol == "tcp" else socket.SOCK_DGRAM)
        try:
            if forward.protocol == "tcp":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((forward.host_ip, forward.host_port))
            if forward.protocol == "tcp":
                listener.listen()
        except OSError as error:
            listener.close()
            raise ForwardRefusedError("QEMU refused: Could not set up host forwarding rule") from error
        self.sockets[forward] = listener

    async def remove_forward(self, forward: HostForward) -> None:
        self._hears()
        if found := self.sockets.pop(forward, None):
            found.close()

    async def forwards(self) -> list[HostForward]:
        self._hears()
        self.asked += 1
        return [*self.sockets]

    def start_again(self) -> None:
        self.close()
        for callback in self._callbacks:
            callback(self.machine)

    def close(self) -> None:
        for one in self.sockets.values():
            one.close()
        self.sockets.clear()

    def _hears(self) -> None:
        if self.deaf:
            raise HypervisorLostError("QEMU's monitor does not answer")


@pytest.fixture
def vm() -> Iterator[Hypervisor]:
    vm = Hypervisor()
    yield vm
    vm.close()


def web(port: int, protocol: str = "tcp") -> Forward:
    return Forward(protocol=protocol, guest="0.0.0.0:80", host=f"127.0.0.1:{port}", route=Route.HOSTFWD)


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
async def test_the_hypervisor_listens_until_the_forward_is_closed(vm: Hypervisor, protocol: str) -> None:
    opener, forward = HostfwdOpener(vm), web(free_port(), protocol)

    await opener.open(forward)
    await opener.open(forward)
    assert [(one.protocol, one.guest_port) for one in vm.sockets] == [(protocol, 80)]
    await opener.close(forward)
    await opener.close(forward)
    assert vm.sockets == {}
    assert vm.asked == 1


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
async def test_a_taken_port_is_told_as_the_kernel_tells_it(vm: Hypervisor, protocol: str) -> None:
    with socket.socket(type=socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        if protocol == "tcp":
            holder.listen()
        with pytest.raises(ForwardError, match="in use") as taken:
            await HostfwdOpener(vm).open(web(holder.getsockname()[1], protocol))

    assert is_taken(taken.value)


async def test_what_an_agent_before_us_has_opened_is_known_and_taken_over(vm: Hypervisor) -> None:
    forward = web(free_port())
    await HostfwdOpener(vm).open(forward)

    opener = HostfwdOpener(vm)
    await opener.open(forward)

    (left,) = await opener.leftovers()
    assert (left.host, left.guest) == (forward.host, "192.168.5.15:80")


async def test_a_hypervisor_that_was_started_again_has_forgotten_everything(vm: Hypervisor) -> None:
    opener, forward = HostfwdOpener(vm), web(free_port())
    await opener.open(forward)
    vm.start_again()

    await opener.open(forward)

    assert len(vm.sockets) == 1


async def test_a_monitor_that_does_not_answer_is_no_failure_of_the_forward(vm: Hypervisor) -> None:
    opener, forward = HostfwdOpener(vm), web(free_port())
    vm.deaf = True

    for operation in (opener.open, opener.close):
        with pytest.raises(RouteLostError, match="does not answer"):
            await operation(forward)


async def test_ipv6_is_not_for_the_hypervisor(vm: Hypervisor) -> None:
    forward = Forward(protocol="tcp", guest="0.0.0.0:80", host="[::1]:80", route=Route.HOSTFWD)

    with pytest.raises(ForwardError, match="cannot forward"):
        await HostfwdOpener(vm).open(forward)


async def test_a_port_that_becomes_free_is_forwarded_by_itself(vm: Hypervisor, tmp_path: Path) -> None:
    async with running({Route.HOSTFWD: HostfwdOpener(vm)}, tmp_path) as one:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            one.listen(listener(port, "0.0.0.0"))
            await one.until(lambda: one.states() == {f"0.0.0.0:{port}": PortState.FAILED})
        await one.until(lambda: one.states() == {f"0.0.0.0:{port}": PortState.FORWARDED})
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()

    assert vm.sockets == {}
