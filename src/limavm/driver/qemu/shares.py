"""The virtiofs shares of a machine that runs: watched, brought back after their daemon has died, added, taken away.

Each has a process of its own (`limavm.virtiofs`) that keeps its daemon running, outlives the host agent, and tells on
a socket how it is; what lies in the instance directory is all that a later host agent needs. When a daemon has died,
the one that takes over knows nothing of what the guest had open. To the guest that is a device which answers with
errors, and its kernel offers no way to begin anew with it while anybody holds an old file; so the device is taken out
of its port and put in again.
"""

import asyncio
import contextlib
import glob
import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from limavm.driver import ShareRefusedError
from limavm.driver.qemu import fsdevices, qmp, sources, virtiofsd
from limavm.driver.qemu.helpers import Helper
from limavm.errors import UserError
from limavm.host.aside import Aside
from limavm.model.machine import Machine, Share
from limavm.model.value import Sparse

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds until the guest has let go of a device, and until it is asked once more (it may be booting).
_UNPLUGGED = 30.0
#: Seconds until a keeper that was told to end has ended its daemon.
_ENDED = 5.0
#: Seconds between two tries to bring a share back.
_AGAIN = 10.0
#: Seconds for a directory that may be on a dead network drive, and for programs that are asked.
_LOOK = 40.0
_LINE = 1 << 16
_STATUS = re.compile(r"virtiofsd-(\d+)\.status")
_DEVICES = "/machine/peripheral"


class Control(Protocol):
    """The monitor, as far as it is used here; `control` has it."""

    lives: Callable[[], bool]

    async def execute(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        """The result of a command; raises QMPLost and QMPRefused."""


class State(Sparse, frozen=True, kw_only=True):
    """What the keeper of a share tells."""

    share: Share
    #: Whether QEMU is connected, and a daemon runs.
    connected: bool = False
    serving: bool = False
    #: Whether the guest has to begin anew with it, because the daemon has died.
    stale: bool = False
    deaths: int = 0
    reason: str = ""
    pid: int = 0


class Shares:
    """The shares of one QEMU. `watch` belongs into a task; what is found is told to `callbacks`."""

    def __init__(
        self,
        machine: Machine,
        control: Control,
        helper: Callable[[int, Share], Helper],
        start: Callable[[Helper], Awaitable[None]],
    ) -> None:
        """`helper` says what serves a share at an index, `start` starts it and waits for its socket."""
        self._machine = machine
        self._control = control
        self._helper = helper
        self._start = start
        self._states: dict[int, State] = {}
        self._lost: set[str] = set()
        self._removed: set[int] = set()
        self._more = asyncio.Event()
        self._looks = Aside("looks at shares")
        #: One change of the machine at a time.
        self._changing = asyncio.Lock()
        self.callbacks: list[Callable[[str, bool], object]] = []

    @property
    def hotplug(self) -> bool:
        """Whether shares can be added."""
        return fsdevices.ports(self._machine) > 0

    async def watch(self) -> None:
        """Look after all shares, until cancelled."""
        followed: dict[int, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._more.clear()
                for index in self._kept():
                    if index not in followed or followed[index].done():
                        followed[index] = tasks.create_task(self._follow(index), name=f"share {index}")
                await self._more.wait()

    async def add(self, share: Share) -> None:
        """Offer another directory; raises ShareRefusedError, and nothing is left behind then."""
        if not self.hotplug:
            raise ShareRefusedError(
                "this machine can be given no directory by virtiofs while it runs", where=share.location
            )
        async with self._changing, self._explained(share.location):
            present = await self._present()
            if share.tag in present.values():
                return
            await self._look(lambda: sources.check(share, share.location), share)
            index = self._free(present)
            self._removed.discard(index)
            await self._start(await self._look(lambda: self._helper(index, share), share))
            try:
                await self._plug(index, share)
            except BaseException:
                await self._end_keeper(index)
                raise
        self._more.set()

    async def remove(self, tag: str) -> None:
        """Take a directory back; raises ShareRefusedError."""
        async with self._changing, self._explained(tag):
            present = await self._present()
            index = next((index for index, found in present.items() if found == tag), None)
            if index is None:
                return
            if not self.hotplug:
                raise ShareRefusedError("this machine can lose no directory while it runs", where=tag)
            self._removed.add(index)
            if not await self._unplug(index):
                self._removed.discard(index)
                message = f"the guest did not let go of the device within {_UNPLUGGED:g} s"
                raise ShareRefusedError(message, where=tag, hint="unmount it in the guest, and try again")
            await self._end_keeper(index)
        self._states.pop(index, None)

    def _kept(self) -> list[int]:
        """The indices of shares that somebody keeps."""
        names = map(os.path.basename, glob.glob(f"{glob.escape(self._machine.directory)}/virtiofsd-*.status"))
        return sorted(int(match[1]) for name in names if (match := _STATUS.fullmatch(name)))

    def _free(self, present: dict[int, str]) -> int:
        taken = {*present, *self._kept()}
        for index in range(fsdevices.ports(self._machine)):
            if index not in taken:
                return index
        raise ShareRefusedError(
            "this machine has no port left for another directory", hint="restart it with all mounts in its lima.yaml"
        )

    async def _follow(self, index: int) -> None:
        """Read what one keeper tells, and bring its share back when that is needed."""
        recovery: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as tasks:
            async for state in self._told(index):
                self._note(index, state)
                idle = recovery is None or recovery.done()
                if idle and index not in self._removed and (state.stale or not state.connected):
                    recovery = tasks.create_task(self._bring_back(index), name=f"bring back share {index}")
            if recovery:
                recovery.cancel()
        last = self._states.pop(index, None)
        if last and index not in self._removed and self._control.lives():
            await self._keeper_is_gone(index, last.share)

    async def _told(self, index: int) -> AsyncIterator[State]:
        path = virtiofsd.status_path(fsdevices.socket_path(self._machine, index))
        try:
            reader, writer = await _connect(path)
        except OSError as error:
            log.debug("%s: %s", path, error)
            return
        try:
            while line := await reader.readline():
                yield msgspec.json.decode(line, type=State)
        except (OSError, ValueError) as error:
            log.debug("%s: %s", path, error)
        finally:
            writer.close()

    def _note(self, index: int, state: State) -> None:
        before = self._states.get(index)
        self._states[index] = state
        tag = state.share.tag
        if index in self._removed:
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
        while (state := self._states.get(index)) and index not in self._removed:
            if not (state.stale or not state.connected):
                return
            share = state.share
            if not self.hotplug:
                # The guest may mount it again once nobody has a file of it open any more.
                self._tell(share.tag, alive=state.serving)
                return
            try:
                async with self._changing:
                    if await self._unplug(index):
                        await self._plug(index, share)
                        log.info("%s is served again", share.location)
                        return
                log.warning("the guest does not let go of the device of %s yet", share.location)
            except (qmp.QMPLost, qmp.QMPRefused) as error:
                log.warning("%s cannot be served again yet: %s", share.location, error)
            await asyncio.sleep(_AGAIN)

    async def _keeper_is_gone(self, index: int, share: Share) -> None:
        """The keeper itself was killed: QEMU's connection went with it."""
        log.warning("the process that serves %s was ended", share.location)
        self._tell(share.tag, alive=False)
        if not self.hotplug:
            log.warning("%s stays away until the instance is restarted", share.location)
            return
        warned = False
        while index not in self._removed:
            try:
                async with self._changing:
                    if await self._unplug(index):
                        await self._start(await self._look(lambda: self._helper(index, share), share))
                        await self._plug(index, share)
                        break
            except (qmp.QMPLost, qmp.QMPRefused, UserError, OSError) as error:
                log.debug("%s: %s", share.location, error)
            if not warned:
                # What the guest had asked at that moment nobody will answer, and it waits for that first.
                log.warning("%s stays away; restart the instance if it does not come back", share.location)
                warned = True
            await asyncio.sleep(_AGAIN)
        self._more.set()

    async def _look(self, look: Callable[[], T], share: Share) -> T:
        """What is found out by waiting: for a directory, or for programs that are asked what they can."""
        try:
            return await self._looks.call(look, limit=_LOOK)
        except TimeoutError as error:
            raise ShareRefusedError(f"no answer within {_LOOK:g} s", where=share.location) from error

    async def _present(self) -> dict[int, str]:
        """The tags of the devices that the machine has."""
        found = await self._control.execute("qom-list", {"path": _DEVICES})
        names = {str(entry["name"]) for entry in found if isinstance(entry, dict)} if isinstance(found, list) else set()
        present = {}
        for index in range(max(fsdevices.ports(self._machine), len(self._machine.shares))):
            name = fsdevices.device_id(index)
            if name in names:
                arguments = {"path": f"{_DEVICES}/{name}", "property": "tag"}
                present[index] = str(await self._control.execute("qom-get", arguments))
        return present

    async def _plug(self, index: int, share: Share) -> None:
        with contextlib.suppress(qmp.QMPRefused):  # there is none, but after a replug that failed half-way
            await self._control.execute("chardev-remove", {"id": fsdevices.chardev_id(index)})
        await self._control.execute("chardev-add", fsdevices.chardev_add(self._machine, index))
        await self._control.execute("device_add", fsdevices.device(self._machine, index, share))

    async def _unplug(self, index: int) -> bool:
        """Whether the device is gone from the machine."""
        pause = 0.05
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_UNPLUGGED):
                with contextlib.suppress(qmp.QMPRefused):  # it is gone, or is on its way
                    await self._control.execute("device_del", {"id": fsdevices.device_id(index)})
                while index in await self._present():
                    await asyncio.sleep(pause)
                    pause = min(pause * 1.5, 1.0)
                with contextlib.suppress(qmp.QMPRefused):
                    await self._control.execute("chardev-remove", {"id": fsdevices.chardev_id(index)})
                return True
        return False

    async def _end_keeper(self, index: int) -> None:
        path = virtiofsd.status_path(fsdevices.socket_path(self._machine, index))
        with contextlib.suppress(OSError):
            reader, writer = await _connect(path)
            writer.write(b"end\n")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ENDED):
                    await reader.read()  # it hangs up when it is gone
            writer.close()

    @contextlib.asynccontextmanager
    async def _explained(self, where: str) -> AsyncIterator[None]:
        try:
            yield
        except qmp.QMPRefused as error:
            raise ShareRefusedError(f"QEMU refused: {error}", where=where) from error
        except qmp.QMPLost as error:
            raise ShareRefusedError(f"QEMU's monitor does not answer: {error}", where=where) from error


async def _connect(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if sys.platform == "win32":
        raise OSError("unix sockets")
    return await asyncio.open_unix_connection(path, limit=_LINE)
