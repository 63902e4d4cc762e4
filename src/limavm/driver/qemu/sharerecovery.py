"""Brings virtiofs shares back after their daemon, or the process that keeps it, has died.

The daemon that takes over knows nothing of what the guest had open. To the guest that is a device which answers with
errors, and its kernel offers no way to begin anew with it while anybody holds an old file; so the device is taken out
of its port and put in again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from limavm.driver.qemu import qmp
from limavm.driver.qemu.keepers import Keepers, State
from limavm.driver.qemu.sharedevices import ShareDevices
from limavm.errors import UserError
from limavm.model.machine import Share

log = logging.getLogger(__name__)

#: Seconds between two tries to bring a share back; the guest may be booting.
_AGAIN = 10.0


class ShareRecovery:
    """Follows what the keepers of one machine tell. `watch` belongs into a task; `callbacks` hear what is found."""

    def __init__(self, devices: ShareDevices, keepers: Keepers, serve: Callable[[int, Share], Awaitable[None]]) -> None:
        """`serve` starts a keeper and puts its device in."""
        self._devices = devices
        self._keepers = keepers
        self._serve = serve
        self._states: dict[int, State] = {}
        self._lost: set[str] = set()
        self._more = asyncio.Event()
        #: The shares that are given up.
        self.removed: set[int] = set()
        self.callbacks: list[Callable[[str, bool], object]] = []

    async def watch(self) -> None:
        """Look after all shares, until cancelled."""
        followed: dict[int, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._more.clear()
                for index in self._keepers.indices():
                    if index not in followed or followed[index].done():
                        followed[index] = tasks.create_task(self._follow(index), name=f"share {index}")
                await self._more.wait()

    def look_for_more(self) -> None:
        """There is another share."""
        self._more.set()

    def serves(self, index: int, share: Share) -> bool:
        """Whether what is served there is this share: one that the guest would not let go of may be writable."""
        state = self._states.get(index)
        return state is None or (state.share.location, state.share.writable) == (share.location, share.writable)

    def forget(self, index: int) -> None:
        """A share is no more."""
        self._states.pop(index, None)

    async def _follow(self, index: int) -> None:
        """Read what one keeper tells, and bring its share back when that is needed."""
        recovery: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as tasks:
            async for state in self._keepers.told(index):
                self._note(index, state)
                idle = recovery is None or recovery.done()
                if idle and index not in self.removed and state.needs_help:
                    recovery = tasks.create_task(self._bring_back(index), name=f"bring back share {index}")
            if recovery:
                recovery.cancel()
        last = self._states.pop(index, None)
        if last and index not in self.removed and self._devices.machine_lives:
            await self._keeper_is_gone(index, last.share)

    def _note(self, index: int, state: State) -> None:
        before = self._states.get(index)
        self._states[index] = state
        tag = state.share.tag
        if index in self.removed:
            return
        if state.deaths > (before.deaths if before else state.deaths):
            log.warning("the mount of %s is lost: %s", state.share.location, state.reason)
        if state.stale or not state.serving:
            self._tell(tag, alive=False)
        elif state.connected:
            self._tell(tag, alive=True)

    def _tell(self, tag: str, *, alive: bool) -> None:
        """Tell what is new."""
        if alive == (tag not in self._lost):
            return
        (self._lost.discard if alive else self._lost.add)(tag)
        for callback in self.callbacks:
            callback(tag, alive)

    async def _bring_back(self, index: int) -> None:
        """Have the guest begin anew with a share whose daemon has died."""
        while (state := self._states.get(index)) and index not in self.removed:
            if not state.needs_help:
                return
            share = state.share
            if not self._devices.pluggable:
                # The guest may mount it again once nobody has a file of it open any more.
                self._tell(share.tag, alive=state.serving)
                return
            try:
                async with self._devices.changing:
                    if await self._devices.unplug(index):
                        await self._devices.plug(index, share)
                        log.info("%s is served again", share.location)
                        return
                log.warning("the guest does not let go of the device of %s yet", share.location)
            except qmp.QMPRefused as error:
                log.warning("%s cannot be served again yet: %s", share.location, error)
            except qmp.QMPLost as error:  # as when the machine ends, and QEMU hangs up on its keepers
                log.debug("%s cannot be served again yet: %s", share.location, error)
            await asyncio.sleep(_AGAIN)

    async def _keeper_is_gone(self, index: int, share: Share) -> None:
        """The keeper itself was killed: QEMU's connection went with it."""
        log.warning("the process that serves %s was ended", share.location)
        self._tell(share.tag, alive=False)
        if not self._devices.pluggable:
            log.warning("%s stays away until the instance is restarted", share.location)
            return
        warned = False
        while index not in self.removed:
            try:
                async with self._devices.changing:
                    if await self._devices.unplug(index):
                        await self._serve(index, share)
                        break
            except (qmp.QMPLost, qmp.QMPRefused, UserError, OSError) as error:
                log.debug("%s: %s", share.location, error)
            if not warned:
                # What the guest had asked at that moment nobody will answer, and it waits for that first.
                log.warning("%s stays away; restart the instance if it does not come back", share.location)
                warned = True
            await asyncio.sleep(_AGAIN)
        self._more.set()
