"""Keeps every mount of a run mounted, and adds and removes some while it runs."""

import asyncio

from limavm.driver import VirtualMachine
from limavm.errors import UserError
from limavm.hostagent.guest import Guest
from limavm.model.config import Mount
from limavm.model.mount import MountState
from limavm.model.plan import Plan


class Mounts:
    """The mounts of one instance. Its methods are for the event loop's thread."""

    def __init__(self, plan: Plan, vm: VirtualMachine, guest: Guest) -> None:
        self._plan = plan
        self._vm = vm
        self._guest = guest
        self._change = asyncio.Event()

    async def run(self) -> None:
        """Keep them mounted until cancelled, then end what serves them."""
        await asyncio.Event().wait()

    async def settled(self, limit: float) -> list[str]:
        """Wait until every configured mount is mounted or has failed; returns a sentence for each that is not."""
        return []

    def states(self) -> list[MountState]:
        """How each mount stands: those of the configuration in its order, then those that were added."""
        return []

    async def changed(self) -> None:
        """Return when `states` answers otherwise than at the time of the call."""
        await self._change.wait()

    async def add(self, mount: Mount) -> MountState:
        """Mount one more; it is mounted when this returns. Raises UserError, and nothing has changed then."""
        raise UserError("no mount can be added yet")

    async def remove(self, mount_point: str, *, force: bool = False) -> None:
        """Unmount one for good, and with `force` also one that is used: its users get errors from then on.

        Raises UserError when there is none, or when programs in the guest use it, which are named.
        """
        raise UserError(f"nothing is mounted on {mount_point}")
