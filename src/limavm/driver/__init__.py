"""What a driver is: what it decides, what it runs, and the features that callers test instead of its name."""

from collections.abc import Callable, Sequence
from typing import Protocol

from limavm.errors import UserError
from limavm.model.config import Config
from limavm.model.forward import HostForward
from limavm.model.host import HostFacts
from limavm.model.machine import Machine, Run, Share
from limavm.model.value import Value

__all__ = [
    "DisplayError",
    "Driver",
    "Features",
    "ForwardRefusedError",
    "Hypervisor",
    "HypervisorLostError",
    "NoDisplayError",
    "PortTakenError",
    "ShareRefusedError",
    "VirtualMachine",
]


class PortTakenError(UserError):
    """Somebody else listens on the host port for ssh: the caller may choose another one and start again."""


class ForwardRefusedError(UserError):
    """The hypervisor cannot open or close a forward, or cannot be asked."""


class HypervisorLostError(ForwardRefusedError):
    """It cannot be asked (now): nothing is known to be wrong with the forward."""


class ShareRefusedError(UserError):
    """The hypervisor cannot offer or take back a shared directory, or cannot be asked."""


class DisplayError(UserError):
    """The hypervisor cannot show or protect the display, or cannot be asked."""


class NoDisplayError(DisplayError):
    """The machine has no display."""


class Features(Value, frozen=True, kw_only=True):
    """Static facts of a driver (spec/runtime.md 5.1); the JSON names are an interface."""

    can_run_gui: bool = False
    dynamic_ssh_address: bool = False
    static_ssh_port: bool = False
    skip_socket_forwarding: bool = False
    no_cloud_init: bool = False
    supported_image_formats: tuple[str, ...] = ("qcow2", "raw")


class VirtualMachine(Protocol):
    """A machine that runs. It goes on when the object is dropped; only `power_off` and `kill` end it."""

    @property
    def machine(self) -> Machine:
        """The description, with pid and start time of the hypervisor."""

    def on_change(self, callback: Callable[[Machine], object]) -> None:
        """Call `callback` with the new description when the hypervisor is started again by itself.

        That happens inside `wait`; whoever keeps the description on disk writes it again then.
        """

    def on_resume(self, callback: Callable[[], object]) -> None:
        """Call `callback` when the machine went on after a pause of which the hypervisor tells.

        A pause by a signal is one of which it knows nothing: see `is_paused`. Callbacks run inside `wait`.
        """

    def on_reset(self, callback: Callable[[], object]) -> None:
        """Call `callback` when the machine begins anew; whoever talked to its guest gets no word of that otherwise."""

    def on_agent_port(self, callback: Callable[[bool], object]) -> None:
        """Call `callback` with whether the guest has opened the port of `Machine.agent_socket`, or closed it."""

    def is_paused(self) -> bool:
        """Whether the machine stands still now (stopped by a signal, or by its hypervisor), as far as this host tells.

        A fresh look that costs next to nothing, so that it may be had every second.
        """

    def ready(self) -> None:
        """The guest has answered: from now on the machine is never started again by itself."""

    @property
    def warnings(self) -> Sequence[str]:
        """What the user should know of how it was started (an accelerator that was not available, …)."""

    async def wait(self) -> str | None:
        """Return when the hypervisor has ended: None after a power-off, else a sentence about what happened.

        One task at a time waits. A machine whose accelerator fails before `ready` is started again here.
        """

    @property
    def forwards_ports(self) -> bool:
        """Whether the hypervisor itself can forward ports of the host to the guest's own address."""

    async def add_forward(self, forward: HostForward) -> None:
        """Listen on a port of the host; raises ForwardRefusedError. Gone when the hypervisor is started again."""

    async def remove_forward(self, forward: HostForward) -> None:
        """Listen no more; connections go on. Harmless when it is not open. Raises ForwardRefusedError."""

    async def forwards(self) -> list[HostForward]:
        """What is open now, without the way to ssh; raises ForwardRefusedError."""

    @property
    def shares_hotplug(self) -> bool:
        """Whether `add_share` works on this machine now."""

    async def add_share(self, share: Share) -> None:
        """Offer a directory of the host to the guest, which sees its tag soon after; raises ShareRefusedError.

        Harmless when it is offered already.
        """

    async def remove_share(self, tag: str) -> None:
        """Take back what `add_share` offered, or the description; raises ShareRefusedError.

        The guest has unmounted it before. Harmless when it is not offered.
        """

    def on_share(self, callback: Callable[[str, bool], object]) -> None:
        """Call `callback` with a tag when the program behind that share has ended (False), or serves again (True).

        What the guest has mounted of it is dead in either case: it is to be unmounted at the first call (lazily)
        and mounted anew after the second. Callbacks run inside `wait`.
        """

    async def remove_media(self) -> None:
        """Take out what `Machine.media` has, now that the guest has read it; harmless when it is out."""

    async def protect_vnc(self, password: str) -> str:
        """Let only those log in to the VNC display who know the password; returns where it is, as `host:number`.

        Raises DisplayError. The password is gone when the hypervisor is started again.
        """

    async def screenshot(self, kind: str) -> bytes:
        """What the display shows, as a file of the kind `png` or `bmp`; raises NoDisplayError, DisplayError."""

    async def create_snapshot(self, tag: str) -> None:
        """Save memory and disks under a tag that is free; raises UserError."""

    async def apply_snapshot(self, tag: str) -> None:
        """Go on as it was when it was saved: connections of the guest are dead. Raises UserError."""

    async def delete_snapshot(self, tag: str) -> None:
        """Remove what was saved; raises UserError."""

    async def snapshots(self) -> str:
        """The table of what is saved, with a head whose second column is TAG; empty without. Raises UserError."""

    async def press_power_button(self) -> None:
        """Ask the guest to shut down, once. Harmless when the machine has ended."""

    async def reset(self) -> None:
        """Press the reset button: the guest boots again, unsaved data is lost. Harmless when the machine has ended."""

    async def kill(self) -> None:
        """End the hypervisor at once and wait until it is gone."""

    async def close(self) -> None:
        """Let go of connections; the machine goes on."""


class Driver(Protocol):
    """What commands ask of a driver before they hand over to the host agent. It decides, and starts nothing."""

    name: str
    features: Features
    #: Whether its machines can be saved and loaded: running ones by `VirtualMachine`, others by their disk.
    snapshots: bool

    def fill(self, config: Config, host: HostFacts, *, creator_version: str) -> Config:
        """The configuration with the driver's own defaults (spec/config.md 1.12)."""

    def problems(self, config: Config, host: HostFacts) -> list[str]:
        """Every reason why this driver cannot run the configuration; empty when it can."""

    def check_host(self, config: Config) -> list[str]:
        """Probe the host before anything is created: returns warnings.

        Raises UserError when a program is missing (it names the package) or too old.
        """

    def describe(self, config: Config, run: Run) -> Machine:
        """The machine that the configuration asks for; pure."""


class Hypervisor(Protocol):
    """What the host agent asks of a driver."""

    async def start(self, machine: Machine, host: HostFacts) -> VirtualMachine:
        """Start the machine; raises UserError when the hypervisor ends at once.

        Raises PortTakenError when the ssh port was taken in the meantime.
        """

    async def adopt(self, machine: Machine) -> VirtualMachine | None:
        """Take charge of a machine that already runs; None when it does not run (any more)."""
