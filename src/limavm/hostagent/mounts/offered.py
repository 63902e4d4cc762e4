"""9p and virtiofs: directories that the hypervisor offers, and the guest mounts by itself when it boots.

Here it is checked that it has, also after a reboot; what is missing is mounted, and what the program behind it has
lost is mounted anew. A guest whose kernel does not know the type gets reverse-sshfs instead.
"""

import asyncio
import logging

from msgspec.structs import replace

from limavm.driver import ShareRefusedError, VirtualMachine
from limavm.hostagent.guest import Guest
from limavm.hostagent.mounts import guestscripts, source
from limavm.hostagent.mounts.entry import Entry
from limavm.model.machine import Share
from limavm.model.mount import REVERSE_SSHFS
from limavm.model.plan import Plan
from limavm.model.printable import printable
from limavm.seed.fstab import fstab_mounts

log = logging.getLogger(__name__)

#: Seconds for the boot scripts to come that far, and for mounting.
_LIMIT = 660.0
_PAUSE = 1.0
_SSH_FAILED = 255
_QUEUE_SIZE = 1024


class OfferedMounts:
    """Keeps mounts of these types."""

    def __init__(self, plan: Plan, vm: VirtualMachine, guest: Guest) -> None:
        self._plan = plan
        self._vm = vm
        self._guest = guest
        #: Those whose program has ended, and those that have to be mounted anew because it had.
        self._dead: set[Entry] = set()
        self._stale: set[Entry] = set()
        #: The types that the guest's kernel does not know, as the user was told.
        self._unknown: set[str] = set()

    async def keep(self, entry: Entry) -> None:
        """Keep one mounted until cancelled; returns when the guest cannot, and the entry has another type then."""
        while True:
            if entry in self._dead:
                await asyncio.Event().wait()  # until the entry begins anew
            await self._guest.master.connected.wait()
            status, words = await self._mounted(entry)
            if status in (guestscripts.UNKNOWN, guestscripts.UNKNOWN_AND_PREPARED):
                self._fall_back(entry, words, prepared=status == guestscripts.UNKNOWN_AND_PREPARED)
                return
            if status == _SSH_FAILED:
                entry.lost(f"ssh could not ask the guest: {words}")
                await asyncio.sleep(_PAUSE)
                continue
            if status:
                entry.failed(f"the guest cannot mount it by {entry.kind}: {words or f'status {status}'}")
            else:
                self._stale.discard(entry)
                entry.mounted()
            # A guest that boots again says goodbye to ssh.
            await self._guest.master.disconnected.wait()

    async def offer(self, entry: Entry) -> None:
        """Have the hypervisor offer a directory; raises UserError."""
        location = entry.mount.location
        try:
            entry.identity = await entry.looks.call(lambda: source.prepared(location), limit=source.LIMIT)
        except TimeoutError as error:
            raise source.SourceError(f"{location} does not answer") from error
        await self._vm.add_share(
            Share(
                tag=entry.tag,
                location=entry.mount.location,
                writable=entry.mount.writable,
                security_model=entry.mount.ninep.security_model,
                queue_size=entry.mount.virtiofs.queue_size or _QUEUE_SIZE,
            )
        )

    async def take_back(self, entry: Entry) -> None:
        """Have the hypervisor offer it no more, where it can do that."""
        if self._vm.shares_hotplug:
            try:
                await self._vm.remove_share(entry.tag)
            except ShareRefusedError as error:
                log.debug("the share of %s stays: %s", entry.name, error)

    def changed(self, entry: Entry, *, alive: bool) -> None:
        """The program behind it has ended, or serves again."""
        self._stale.add(entry)
        if alive:
            self._dead.discard(entry)
        else:
            self._dead.add(entry)
            entry.lost("the program that serves it on the host has ended")
        entry.again.set()

    async def _mounted(self, entry: Entry) -> tuple[int, str]:
        """The status of the script that mounts it, and what it said."""
        [[_, _, _, options, *_]] = fstab_mounts(
            replace(self._plan.config, mount_type=entry.kind, mounts=(entry.mount,))
        )
        script = guestscripts.share_script(
            entry.kind,
            entry.tag,
            entry.point,
            ",".join(option for option in options.split(",") if option != "nofail"),
            token=self._vm.machine.boot_token,
            anew=entry in self._stale,
        )
        try:
            done = await self._guest.run(script, timeout=_LIMIT)
        except TimeoutError:
            return 1, f"no answer within {_LIMIT:g} s"
        return done.status, printable(done.stderr.decode(errors="replace").strip()[-500:], instead=" ")

    def _fall_back(self, entry: Entry, words: str, *, prepared: bool) -> None:
        reason = f"the guest's kernel does not know {entry.kind}"
        log.debug("%s: %s", reason, words)
        if entry.kind not in self._unknown:  # of the others it is told by what they are mounted
            log.warning("%s: %s is used instead; `mountType: %s` silences this", reason, REVERSE_SSHFS, REVERSE_SSHFS)
        self._unknown.add(entry.kind)
        entry.unprepared = not prepared
        entry.falls_back(REVERSE_SSHFS, reason)
