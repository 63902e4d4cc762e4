"""One mount of a run: what it is, how it stands, and who has to know."""

import asyncio
import logging
from collections.abc import Callable

from limavm.host.aside import Aside
from limavm.hostagent.mounts.source import Identity
from limavm.model.config import Mount
from limavm.model.mount import SHARED, MountPhase, MountState, clean_point, mount_tag
from limavm.model.printable import printable

log = logging.getLogger(__name__)


class Entry:
    """A mount and its state; `changed` is told whenever that is another one."""

    def __init__(
        self, mount: Mount, kind: str, changed: Callable[[], None], *, slot: int = 0, configured: bool = True
    ) -> None:
        self.mount = mount
        self.point = clean_point(mount.mount_point)
        self.tag = mount_tag(mount.location, mount.mount_point)
        self.kind = kind
        #: The lowest number that no other mount had when this one came.
        self.slot = slot
        self.configured = configured
        #: Whether the guest has to be told to get ready for sshfs, since its boot scripts were not.
        self.unprepared = False
        #: Whether sshfs has to be told that its mount point may have files (an old FUSE wants that).
        self.nonempty = False
        self.identity: Identity | None = None
        #: For looks at the directory on the host, which may be on a network drive that is dead.
        self.looks = Aside(f"looks at {mount.location}")
        #: The mount that this one is inside of, and those inside of this one.
        self.parent: Entry | None = None
        self.children: list[Entry] = []
        #: It is mounted or has failed, so that those inside of it can be mounted; and the contrary.
        self.up, self.down = asyncio.Event(), asyncio.Event()
        self.down.set()
        #: Set when nothing of ours in the guest depends on it.
        self.idle = asyncio.Event()
        self.idle.set()
        #: Set to begin anew.
        self.again = asyncio.Event()
        #: It was mounted once, or has failed.
        self.settled = asyncio.Event()
        #: Set unless it is being unmounted for good: then it is not brought back.
        self.staying = asyncio.Event()
        self.staying.set()
        self.leaving = False
        self._note = ""
        self._changed = changed
        self._was_mounted = False
        self._phase, self._reason = MountPhase.STARTING, ""

    @property
    def was_mounted(self) -> bool:
        """Whether it ever was."""
        return self._was_mounted

    @property
    def shared(self) -> bool:
        """Whether the hypervisor offers it."""
        return self.kind in SHARED

    @property
    def phase(self) -> MountPhase:
        """How far it is."""
        return self._phase

    @property
    def reason(self) -> str:
        """Why it is not mounted."""
        return self._reason

    @property
    def name(self) -> str:
        """How log lines call it."""
        return f'"{printable(self.mount.location)}" on "{printable(self.point)}"'

    @property
    def state(self) -> MountState:
        """What others are told."""
        return MountState(
            location=self.mount.location,
            mount_point=self.point,
            writable=self.mount.writable,
            type=self.kind,
            phase=self._phase,
            reason=self._reason or self._note,
            configured=self.configured,
        )

    def falls_back(self, kind: str, note: str) -> None:
        """It has another type from now on."""
        self.kind = kind
        self._note = note
        self._changed()

    def begins(self) -> None:
        """It is about to be mounted: what is inside of it has to make room."""
        self._stands(False)

    def mounted(self) -> None:
        """It is there."""
        if self._become(MountPhase.MOUNTED, ""):
            access = "writable" if self.mount.writable else "read-only"
            log.info("Mounted %s (%s, %s)", self.name, self.kind, access)
        self._was_mounted = True
        self._stands(True)
        self.settled.set()

    def lost(self, reason: str) -> None:
        """It is not there (yet), and is being brought (back)."""
        self._stands(False)
        if self._become(MountPhase.LOST if self._was_mounted else MountPhase.STARTING, reason) and self._was_mounted:
            log.log(
                logging.DEBUG if self.leaving else logging.WARNING, "Lost the mount of %s: %s", self.name, self._reason
            )

    def vanished(self, reason: str) -> None:
        """What it shows is gone on the host; it stays, so that nobody writes to the guest's own disk instead."""
        if self._become(MountPhase.LOST, reason):
            log.warning("The mount of %s shows nothing: %s", self.name, self._reason)

    def failed(self, reason: str) -> None:
        """It cannot be mounted, until something changes."""
        if self._become(MountPhase.FAILED, reason):
            log.error("Cannot mount %s: %s", self.name, self._reason)
        self._stands(True)
        self.settled.set()

    def complaint(self, text: str) -> None:
        """What serves it says something of the host, such as that the disk is full; sshfs does not tell the guest."""
        log.log(logging.DEBUG if self.leaving else logging.WARNING, "The server of %s: %s", self.name, printable(text))

    def _stands(self, up: bool) -> None:
        for event, value in ((self.up, up), (self.down, not up)):
            event.set() if value else event.clear()

    def _become(self, phase: MountPhase, reason: str) -> bool:
        """Whether that is news."""
        reason = printable(reason)
        if (phase, reason) == (self._phase, self._reason):
            return False
        # While it is down, each attempt has its own words; the log needs the first only.
        news = phase is not self._phase or phase is MountPhase.FAILED
        self._phase, self._reason = phase, reason
        self._changed()
        return news
