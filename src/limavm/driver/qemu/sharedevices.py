"""The devices of virtiofs in a machine that runs: which there are, put in and taken out over the monitor."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Protocol

from limavm.driver import ShareRefusedError
from limavm.driver.qemu import fsdevices, qmp
from limavm.model.machine import Machine, Share

#: Seconds until the guest has let go of a device.
UNPLUGGED = 30.0
_DEVICES = "/machine/peripheral"


class Control(Protocol):
    """The monitor, as far as it is used here; `control` has it."""

    lives: Callable[[], bool]

    async def execute(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        """The result of a command; raises QMPLost and QMPRefused."""


class ShareDevices:
    """Those of one machine, by index. Its methods raise QMPLost and QMPRefused; `changing` is held around changes."""

    def __init__(self, machine: Machine, control: Control) -> None:
        self._machine = machine
        self._control = control
        #: One change of the machine at a time.
        self.changing = asyncio.Lock()

    @property
    def pluggable(self) -> bool:
        """Whether devices can come and go."""
        return fsdevices.ports(self._machine) > 0

    @property
    def machine_lives(self) -> bool:
        """Whether QEMU is still there."""
        return self._control.lives()

    async def present(self) -> dict[int, str]:
        """The tags of the devices that the machine has."""
        found = await self._control.execute("qom-list", {"path": _DEVICES})
        names = {str(entry["name"]) for entry in found if isinstance(entry, dict)} if isinstance(found, list) else set()
        present = {}
        for index in range(max(fsdevices.ports(self._machine), len(self._machine.shares))):
            name = fsdevices.device_id(index)
            if name in names:
                arguments = {"path": f"{_DEVICES}/{name}", "property": "tag"}
                with contextlib.suppress(qmp.QMPRefused):  # the guest has let go of it between both questions
                    present[index] = str(await self._control.execute("qom-get", arguments))
        return present

    def free(self, taken: Collection[int]) -> int:
        """A port that has none; raises ShareRefusedError."""
        for index in range(fsdevices.ports(self._machine)):
            if index not in taken:
                return index
        raise ShareRefusedError(
            "this machine has no port left for another directory", hint="restart it with all mounts in its lima.yaml"
        )

    async def plug(self, index: int, share: Share) -> None:
        """Put one in; nothing of it is left after a refusal."""
        await self._remove_chardev(index)  # there is none, but after a replug that was cut off half-way
        await self._control.execute("chardev-add", fsdevices.chardev_add(self._machine, index))
        try:
            await self._control.execute("device_add", fsdevices.device(self._machine, index, share))
        except qmp.QMPRefused:
            await self._remove_chardev(index)
            raise

    async def unplug(self, index: int) -> bool:
        """Whether the device is gone from the machine."""
        pause = 0.05
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UNPLUGGED):
                with contextlib.suppress(qmp.QMPRefused):  # it is gone, or is on its way
                    await self._control.execute("device_del", {"id": fsdevices.device_id(index)})
                while index in await self.present():
                    await asyncio.sleep(pause)
                    pause = min(pause * 1.5, 1.0)
                await self._remove_chardev(index)
                return True
        return False

    async def _remove_chardev(self, index: int) -> None:
        with contextlib.suppress(qmp.QMPRefused):
            await self._control.execute("chardev-remove", {"id": fsdevices.chardev_id(index)})


@contextlib.asynccontextmanager
async def explained(where: str, limit: float) -> AsyncIterator[None]:
    """What goes wrong with a change that takes `limit` seconds at most, as ShareRefusedError."""
    try:
        async with asyncio.timeout(limit):
            yield
    except TimeoutError as error:
        message = f"QEMU has not done it within {limit:g} s"
        raise ShareRefusedError(message, where=where, hint="is the machine paused, or its host very busy?") from error
    except qmp.QMPRefused as error:
        raise ShareRefusedError(f"QEMU refused: {error}", where=where) from error
    except qmp.QMPLost as error:
        raise ShareRefusedError(f"QEMU's monitor does not answer: {error}", where=where) from error
