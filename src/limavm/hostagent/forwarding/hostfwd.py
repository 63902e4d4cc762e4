"""Forwards that the hypervisor itself makes: its network listens on the host, and no byte passes a process of ours.

It does not say why it cannot listen, so the kernel is asked first. It reaches the guest at its own
address only, and listens on IPv4 only: the rules know that.
"""

from collections.abc import Callable
from typing import Protocol

from limavm.driver import ForwardRefusedError, HypervisorLostError
from limavm.hostagent.forwarding.hostport import check_host_port
from limavm.hostagent.forwarding.opener import ForwardError, RouteLostError
from limavm.hostagent.forwarding.portrules.addresses import parsed_place
from limavm.model.forward import Forward, HostForward, Route
from limavm.model.machine import Machine


class PortForwarding(Protocol):
    """The part of `driver.VirtualMachine` that is about ports."""

    @property
    def machine(self) -> Machine:
        """The description of the machine."""

    @property
    def forwards_ports(self) -> bool:
        """Whether it can."""

    def on_change(self, callback: Callable[[Machine], object]) -> None:
        """Call back when the hypervisor was started again."""

    async def add_forward(self, forward: HostForward) -> None:
        """Listen; raises ForwardRefusedError."""

    async def remove_forward(self, forward: HostForward) -> None:
        """Listen no more; raises ForwardRefusedError."""

    async def forwards(self) -> list[HostForward]:
        """What is open; raises ForwardRefusedError."""


class HostfwdOpener:
    """Opens forwards in the hypervisor, and remembers which are open."""

    def __init__(self, vm: PortForwarding) -> None:
        self._vm = vm
        #: None until the hypervisor was asked, and again when it was started anew.
        self._open: set[HostForward] | None = None
        vm.on_change(lambda _: self._forget())

    @property
    def ready(self) -> bool:
        """A hypervisor that can do it, can as long as it runs."""
        return self._vm.forwards_ports

    async def open(self, forward: Forward) -> None:
        """Have the hypervisor listen; raises ForwardError, which tells why and what to do."""
        wanted = _host_forward(forward)
        if wanted in await self._known():
            return
        check_host_port(forward.protocol, forward.host)
        try:
            await self._vm.add_forward(wanted)
        except ForwardRefusedError as error:
            self._forget()
            if wanted not in await self._known():  # it was, when the answer came too late for an earlier order
                check_host_port(forward.protocol, forward.host)  # somebody may have come in between
                raise _told(error) from error
        if self._open is not None:
            self._open.add(wanted)

    async def close(self, forward: Forward) -> None:
        """Have the hypervisor listen no more; connections go on."""
        unwanted = _host_forward(forward)
        try:
            await self._vm.remove_forward(unwanted)
        except ForwardRefusedError as error:
            self._forget()
            raise _told(error) from error
        if self._open is not None:
            self._open.discard(unwanted)

    async def leftovers(self) -> list[Forward]:
        """What is open in the hypervisor now."""
        self._forget()
        guest = self._vm.machine.nic.dhcp_start
        return [
            Forward(
                protocol=one.protocol,
                guest=f"{guest}:{one.guest_port}",
                host=f"{one.host_ip}:{one.host_port}",
                route=Route.HOSTFWD,
            )
            for one in await self._known()
        ]

    def _forget(self) -> None:
        self._open = None

    async def _known(self) -> set[HostForward]:
        if self._open is None:
            try:
                found = set(await self._vm.forwards())
            except ForwardRefusedError as error:
                raise _told(error) from error
            if self._open is None:  # else somebody else has asked at the same time
                self._open = found
        return self._open


def _told(error: ForwardRefusedError) -> ForwardError:
    kind = RouteLostError if isinstance(error, HypervisorLostError) else ForwardError
    return kind(error.message, where=error.where)


def _host_forward(forward: Forward) -> HostForward:
    host, guest = parsed_place(forward.host), parsed_place(forward.guest)
    if host is None or guest is None or host.ip.version != 4:
        raise ForwardError(f"the hypervisor cannot forward {forward.host} to {forward.guest}")
    return HostForward(protocol=forward.protocol, host_ip=str(host.ip), host_port=host.port, guest_port=guest.port)
