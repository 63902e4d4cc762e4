"""Keeps every mount of a run mounted, and adds and removes some while it runs.

Mounts are made side by side. One that lies inside another waits until that one is mounted, and is made anew with it.
"""

import asyncio
import contextlib
import functools
import itertools
import logging
from collections.abc import Callable, Sequence

from limavm.driver import VirtualMachine
from limavm.errors import UserError
from limavm.host.aside import Aside
from limavm.host.platform import facts
from limavm.hostagent.guest import Guest
from limavm.hostagent.mounts import source
from limavm.hostagent.mounts.check import ensure_possible
from limavm.hostagent.mounts.entry import Entry
from limavm.hostagent.mounts.nesting import around
from limavm.hostagent.mounts.offered import OfferedMounts
from limavm.hostagent.mounts.record import Added, Record
from limavm.hostagent.mounts.server import server_argv
from limavm.hostagent.mounts.sourcewatch import watch_sources
from limavm.hostagent.mounts.sshfs import ReverseSSHFS
from limavm.hostagent.mounts.turns import Turns
from limavm.hostagent.mounts.unmount import unmounted
from limavm.hostagent.race import undisturbed
from limavm.model.config import Mount
from limavm.model.mount import REVERSE_SSHFS, VIRTIOFS, MountPhase, MountState, clean_point
from limavm.model.plan import Plan

log = logging.getLogger(__name__)

#: Seconds until a mount that was added must be there; packages may have to be installed for it.
_ADD_LIMIT = 240.0


class Mounts:
    """The mounts of one instance. Its methods are for the event loop's thread."""

    def __init__(
        self,
        plan: Plan,
        vm: VirtualMachine,
        guest: Guest,
        *,
        server: Callable[[Mount], Sequence[str]] = server_argv,
        record: str = "",
    ) -> None:
        self._plan = plan
        self._vm = vm
        self._guest = guest
        self._change = asyncio.Event()
        self._turns = Turns()
        #: By the directory of the host: one on a dead network drive keeps nobody from looking at another.
        self._looks: dict[str, Aside] = {}
        inotify = plan.config.mount_inotify
        self._sshfs = ReverseSSHFS(guest, vm.machine.boot_token, server=server, inotify=inotify)
        self._shares = OfferedMounts(plan, vm, guest)
        self._entries: list[Entry] = []
        self._tasks: dict[Entry, asyncio.Task[None]] = {}
        self._running: asyncio.TaskGroup | None = None
        self._record = Record(record, vm.machine.boot_token)
        changes = self._record.load()
        self._removed, self._exposed = set(changes.removed), set(changes.exposed)
        kind = plan.config.mount_type or REVERSE_SSHFS
        for mount in () if plan.config.plain else plan.config.mounts:
            if clean_point(mount.mount_point) not in self._removed:
                self._enter(Entry(mount, kind, self._has_changed, slot=self._slot()))
        for added in changes.added:
            entry = Entry(added.mount, added.type, self._has_changed, slot=self._slot(), configured=False)
            entry.unprepared = self._is_unprepared()
            self._enter(entry)
        vm.on_reset(self._all_again)
        vm.on_share(self._share_changed)

    async def run(self) -> None:
        """Keep them mounted until cancelled, then end what serves them."""
        try:
            async with asyncio.TaskGroup() as self._running:
                for entry in self._entries:
                    self._begin(entry, self._running)
                await watch_sources(self._entries)
        finally:
            self._running = None
            self._tasks.clear()

    async def settled(self, limit: float) -> list[str]:
        """Wait until every configured mount is mounted or has failed; returns a sentence for each that is not."""
        configured = [entry for entry in self._entries if entry.configured]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                for entry in configured:
                    await entry.settled.wait()
        return [
            f"cannot mount {entry.name}: {entry.reason or f'it takes longer than {limit:g} s'}"
            for entry in configured
            if entry in self._entries and (not entry.settled.is_set() or entry.phase is MountPhase.FAILED)
        ]

    def states(self) -> list[MountState]:
        """How each mount stands: those of the configuration in its order, then those that were added."""
        return [entry.state for entry in self._entries]

    async def changed(self) -> None:
        """Return when `states` answers otherwise than at the time of the call."""
        await self._change.wait()

    def leave(self) -> None:
        """The guest is shut down: what is lost from now on is no news."""
        for entry in self._entries:
            entry.leaving = True

    async def add(self, mount: Mount) -> MountState:
        """Mount one more; it is mounted when this returns. Raises UserError, and nothing has changed then."""
        await self._ensure_possible(mount)  # what is refused need not wait for others
        async with self._turns.turn(f"mounting {mount.location}"):
            await self._ensure_possible(mount)
            running = self._ensure_running()
            if mount.writable:  # known before the guest can leave anything there
                self._exposed.add(mount.location)
                await self._recorded()
            entry = await self._new(mount)
            is_offered = entry.shared
            self._enter(entry)
            self._begin(entry, running)
            try:
                await self._ensure_mounted(entry)
            except BaseException:
                await self._undo(entry, is_offered=is_offered)
                raise
            if is_offered and not entry.shared:  # the guest does not know the type
                await self._shares.take_back(entry)
            await self._recorded()
            return entry.state

    async def remove(self, mount_point: str, *, force: bool = False) -> None:
        """Unmount one for good, and with `force` also one that is used: its users get errors from then on.

        Raises UserError when there is none, or when programs in the guest use it, which are named.
        """
        point = clean_point(mount_point)
        async with self._turns.turn(f"unmounting {point}"):
            self._ensure_running()
            entry = next((entry for entry in self._entries if entry.point == point), None)
            if entry is None:
                there = ", ".join(entry.point for entry in self._entries)
                raise UserError(f"{point} is no mount", hint=f"mounted are: {there}" if there else None)
            if entry.children:
                inside = ", ".join(child.point for child in entry.children)
                raise UserError(f"{point} has other mounts inside", hint=f"unmount these first: {inside}")
            entry.leaving = True
            entry.staying.clear()
            try:
                await unmounted(self._guest, entry, lazily=force)
                if entry.shared:
                    await self._shares.take_back(entry)
            except BaseException:
                entry.leaving = False
                entry.staying.set()
                raise
            await self._drop(entry)
            if entry.configured:
                self._removed.add(entry.point)
            await self._recorded()
            log.info("Unmounted %s", entry.name)

    async def _recorded(self) -> None:
        """Have an agent that takes over know what was added and removed."""
        added = tuple(Added(mount=entry.mount, type=entry.kind) for entry in self._entries if not entry.configured)
        await asyncio.to_thread(self._record.store, added, tuple(sorted(self._removed)), tuple(sorted(self._exposed)))

    def _enter(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._nest()

    def _nest(self) -> None:
        """Tell each mount which one it is inside of; one whose place has changed is made anew."""
        by_point = {entry.point: entry for entry in self._entries}
        for entry in self._entries:
            entry.children = []
        for entry in self._entries:
            outer = around(entry.point, by_point)
            parent = by_point[outer] if outer else None
            if parent:
                parent.children.append(entry)
            if parent is not entry.parent:
                entry.parent = parent
                entry.again.set()

    def _slot(self) -> int:
        taken = {entry.slot for entry in self._entries}
        return next(slot for slot in itertools.count() if slot not in taken)

    def _begin(self, entry: Entry, running: asyncio.TaskGroup) -> None:
        self._tasks[entry] = running.create_task(self._keep(entry), name=f"the mount of {entry.name}")

    async def _keep(self, entry: Entry) -> None:
        """Keep one mounted until cancelled, whatever becomes of the one around it."""
        while True:
            parent = entry.parent
            if parent and not parent.up.is_set():
                await undisturbed(parent.up.wait(), entry.again.wait())
            entry.again.clear()
            if parent is not entry.parent:
                continue
            disturbances = [entry.again.wait()] + ([parent.down.wait()] if parent else [])
            await undisturbed(self._keep_as_it_is(entry), *disturbances)
            entry.lost("the mount around it comes back first" if parent and parent.down.is_set() else "it begins anew")

    async def _keep_as_it_is(self, entry: Entry) -> None:
        if entry.shared:
            await self._shares.keep(entry)  # returns when the guest cannot have it that way
        await self._sshfs.keep(entry)

    async def _ensure_possible(self, mount: Mount) -> None:
        taken = [entry.point for entry in self._entries]
        look = functools.partial(ensure_possible, mount, self._plan.config, facts(), taken)
        aside = self._looks.setdefault(mount.location, Aside(f"looks at {mount.location}"))
        try:
            await aside.call(look, limit=source.LIMIT)
        except TimeoutError as error:
            raise UserError(f"{mount.location} does not answer", hint="is it on a network drive?") from error
        self._looks.pop(mount.location, None)

    async def _new(self, mount: Mount) -> Entry:
        """What becomes of a mount that is added."""
        wanted = self._plan.config.mount_type
        entry = Entry(mount, REVERSE_SSHFS, self._has_changed, slot=self._slot(), configured=False)
        if wanted == VIRTIOFS and self._vm.shares_hotplug:
            entry.kind = VIRTIOFS
            await self._shares.offer(entry)
        elif wanted not in (None, REVERSE_SSHFS):
            entry.falls_back(REVERSE_SSHFS, f"{wanted} cannot be added to this machine while it runs")
        entry.unprepared = self._is_unprepared()
        return entry

    def _is_unprepared(self) -> bool:
        """Whether the boot scripts had no reason to get the guest ready for sshfs."""
        return self._plan.config.mount_type != REVERSE_SSHFS or not self._plan.config.mounts

    async def _ensure_mounted(self, entry: Entry) -> None:
        try:
            async with asyncio.timeout(_ADD_LIMIT):
                await entry.settled.wait()
        except TimeoutError as error:
            raise UserError(entry.reason or f"{entry.point} was not mounted within {_ADD_LIMIT:g} s") from error
        if entry.phase is MountPhase.FAILED:
            raise UserError(entry.reason)

    async def _undo(self, entry: Entry, *, is_offered: bool) -> None:
        """A mount that was to be added is not there: neither in the guest, nor offered to it."""
        entry.leaving = True
        try:
            await self._drop(entry)  # from now on nobody mounts it
            if entry.shared:
                await unmounted(self._guest, entry, lazily=True)
        except UserError as error:
            log.debug("%s", error.message)
        finally:
            if is_offered:
                await self._shares.take_back(entry)

    async def _drop(self, entry: Entry) -> None:
        if task := self._tasks.pop(entry, None):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._entries.remove(entry)
        entry.settled.set()  # nobody waits for it any more
        self._nest()
        self._has_changed()

    def _ensure_running(self) -> asyncio.TaskGroup:
        if self._running is None:
            raise UserError("the machine is not started yet, or is shut down")
        return self._running

    def _all_again(self) -> None:
        for entry in self._entries:
            entry.again.set()

    def _share_changed(self, tag: str, alive: bool) -> None:
        for entry in self._entries:
            if entry.tag == tag and entry.shared:
                self._shares.changed(entry, alive=alive)

    def _has_changed(self) -> None:
        change, self._change = self._change, asyncio.Event()
        change.set()
