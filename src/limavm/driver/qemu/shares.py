"""The virtiofs shares of a machine that runs: added, taken away, and looked after meanwhile.

Each is a device (`sharedevices`) and a process that keeps its daemon running (`keepers`); `sharerecovery` brings back
what has died.
"""

from collections.abc import Awaitable, Callable, Mapping

from limavm.driver import ShareRefusedError
from limavm.driver.qemu import sources
from limavm.driver.qemu.helpers import Helper
from limavm.driver.qemu.keepers import Keepers
from limavm.driver.qemu.sharedevices import UNPLUGGED, Control, ShareDevices, explained
from limavm.driver.qemu.sharerecovery import ShareRecovery
from limavm.model.machine import Machine, Share

#: Seconds for one change. A program that hangs would keep every other mount of the instance waiting.
_LIMIT = 60.0


class Shares:
    """The shares of one QEMU. `watch` belongs into a task; what is found is told to `callbacks`."""

    def __init__(
        self,
        machine: Machine,
        control: Control,
        helper: Callable[[int, Share], Helper],
        start: Callable[[Helper], Awaitable[None]],
        *,
        limit: float = _LIMIT,
    ) -> None:
        """`helper` says what serves a share at an index, `start` starts it and waits for its socket.

        A change that takes longer than `limit` seconds is given up.
        """
        self._limit = limit
        self._devices = ShareDevices(machine, control)
        self._keepers = Keepers(machine, helper, start)
        self._recovery = ShareRecovery(self._devices, self._keepers, self._serve)

    @property
    def hotplug(self) -> bool:
        """Whether shares can be added."""
        return self._devices.pluggable

    @property
    def callbacks(self) -> list[Callable[[str, bool], object]]:
        """Who hears the tag of a share whose daemon has ended (False), or serves again (True)."""
        return self._recovery.callbacks

    async def watch(self) -> None:
        """Look after all shares, until cancelled."""
        await self._recovery.watch()

    async def add(self, share: Share) -> None:
        """Offer another directory; raises ShareRefusedError, and nothing is left behind then."""
        if not self.hotplug:
            raise ShareRefusedError(
                "this machine can be given no directory by virtiofs while it runs", where=share.location
            )
        async with explained(share.location, self._limit), self._devices.changing:
            present = await self._devices.present()
            if (index := _index(present, share.tag)) is not None:
                if self._recovery.serves(index, share):
                    return
                await self._take_away(index, share.tag)
                del present[index]
            await self._keepers.look(lambda: sources.check(share, share.location), share)
            index = self._devices.free({*present, *self._keepers.indices()})
            self._recovery.removed.discard(index)
            await self._serve(index, share)
        self._recovery.look_for_more()

    async def remove(self, tag: str) -> None:
        """Take a directory back; raises ShareRefusedError, and it is looked after as before then."""
        async with explained(tag, self._limit), self._devices.changing:
            index = _index(await self._devices.present(), tag)
            if index is None:
                return
            if not self.hotplug:
                raise ShareRefusedError("this machine can lose no directory while it runs", where=tag)
            await self._take_away(index, tag)

    async def _take_away(self, index: int, tag: str) -> None:
        self._recovery.removed.add(index)
        try:
            if not await self._devices.unplug(index):
                message = f"the guest did not let go of the device within {UNPLUGGED:g} s"
                raise ShareRefusedError(message, where=tag, hint="unmount it in the guest, and try again")
        except BaseException:
            self._recovery.removed.discard(index)
            raise
        await self._keepers.end(index)
        self._recovery.forget(index)

    async def _serve(self, index: int, share: Share) -> None:
        """Start what keeps a share and put its device in; neither is left after a failure."""
        await self._keepers.start(index, share)
        try:
            await self._devices.plug(index, share)
        except BaseException:
            await self._keepers.end(index)
            raise


def _index(present: Mapping[int, str], tag: str) -> int | None:
    return next((index for index, found in present.items() if found == tag), None)
