"""A machine of no hypervisor, for those who only need one to be there."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

from limavm.driver import DisplayError, ShareRefusedError
from limavm.errors import UserError
from limavm.model.forward import HostForward
from limavm.model.machine import Machine, Share


class FakeMachine:
    """A machine without a hypervisor; it ends at the n-th press of its button, or never.

    `told` holds what wants to be told, by the name of the method that it was given to. `shares` holds what
    is offered to the guest by tag; with a `refusal`, nothing more is.
    """

    def __init__(
        self, ends_at_press: int | None = None, *, broken_button: bool = False, machine: Machine | None = None
    ) -> None:
        self.told: dict[str, list[Callable[..., object]]] = defaultdict(list)
        self._machine = machine
        self.shares: dict[str, Share] = {share.tag: share for share in machine.shares} if machine else {}
        self.hotplug = False
        self.media_removed = False
        self.refusal = ""
        self.saved: list[str] = []
        self.passwords: list[str] = []
        self.display_failure: DisplayError | None = None
        self.presses = 0
        self.killed = False
        self.over = asyncio.Event()
        self._ends_at = ends_at_press
        self._broken = broken_button

    @property
    def machine(self) -> Machine:
        assert self._machine
        return self._machine

    @property
    def warnings(self) -> Sequence[str]:
        return ()

    def on_change(self, callback: Callable[[Machine], object]) -> None:
        self.told["on_change"].append(callback)

    def on_resume(self, callback: Callable[[], object]) -> None:
        self.told["on_resume"].append(callback)

    def on_reset(self, callback: Callable[[], object]) -> None:
        self.told["on_reset"].append(callback)

    def on_agent_port(self, callback: Callable[[bool], object]) -> None:
        self.told["on_agent_port"].append(callback)

    def is_paused(self) -> bool:
        return False

    def ready(self) -> None:
        raise NotImplementedError

    async def wait(self) -> str | None:
        await self.over.wait()
        return None

    @property
    def forwards_ports(self) -> bool:
        return False

    async def add_forward(self, forward: HostForward) -> None:
        raise NotImplementedError

    async def remove_forward(self, forward: HostForward) -> None:
        raise NotImplementedError

    async def forwards(self) -> list[HostForward]:
        raise NotImplementedError

    async def remove_media(self) -> None:
        self.media_removed = True

    async def protect_vnc(self, password: str) -> str:
        if self.display_failure:
            raise self.display_failure
        self.passwords.append(password)
        return "127.0.0.1:3"

    async def screenshot(self, kind: str) -> bytes:
        if self.display_failure:
            raise self.display_failure
        return f"a {kind}".encode()

    @property
    def shares_hotplug(self) -> bool:
        return self.hotplug

    async def add_share(self, share: Share) -> None:
        if self.refusal or not self.hotplug:
            raise ShareRefusedError(self.refusal or "no shares can be added")
        self.shares[share.tag] = share

    async def remove_share(self, tag: str) -> None:
        if self.refusal:
            raise ShareRefusedError(self.refusal)
        self.shares.pop(tag, None)

    def on_share(self, callback: Callable[[str, bool], object]) -> None:
        self.told["on_share"].append(callback)

    def tell_of_share(self, tag: str, alive: bool) -> None:
        """Say that the program behind a share has ended, or serves again."""
        for callback in self.told["on_share"]:
            callback(tag, alive)

    async def create_snapshot(self, tag: str) -> None:
        if tag in self.saved:
            raise UserError(f"there is a snapshot {tag!r} already")
        self.saved.append(tag)

    async def apply_snapshot(self, tag: str) -> None:
        if tag not in self.saved:
            raise UserError(f"there is no snapshot {tag!r}", hint="look at the list")

    async def delete_snapshot(self, tag: str) -> None:
        await self.apply_snapshot(tag)
        self.saved.remove(tag)

    async def snapshots(self) -> str:
        return "ID        TAG\n" + "".join(f"--        {tag}\n" for tag in self.saved) if self.saved else ""

    async def press_power_button(self) -> None:
        self.presses += 1
        if self._broken:
            raise UserError("QMP is gone")
        if self.presses == self._ends_at:
            self.over.set()

    async def reset(self) -> None:
        raise NotImplementedError

    async def kill(self) -> None:
        self.killed = True
        self.over.set()

    async def close(self) -> None:
        raise NotImplementedError
