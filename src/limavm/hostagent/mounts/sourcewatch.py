"""Looks whether the directories of the host that are mounted are still there, and still the same ones."""

import asyncio
from collections.abc import Collection

from limavm.hostagent.mounts import source
from limavm.hostagent.mounts.entry import Entry
from limavm.model.mount import MountPhase

#: How often, in seconds.
_LOOK = 2.0


async def watch_sources(entries: Collection[Entry]) -> None:
    """Until cancelled: tell those that are mounted when their directory vanishes, comes back, or is another one."""
    while True:
        await asyncio.sleep(_LOOK)
        mounted = [entry for entry in entries if entry.up.is_set() and entry.identity]
        await asyncio.gather(*map(_look_at, mounted))


async def _look_at(entry: Entry) -> None:
    location = entry.mount.location
    try:
        now = await entry.looks.call(lambda: source.identity(location), limit=source.LIMIT)
    except TimeoutError:
        now, reason = None, f"{location} does not answer"
    else:
        reason = f"{location} does not exist any more"
    if not entry.up.is_set() or entry.phase is MountPhase.FAILED:
        return
    if now is None:
        entry.vanished(reason)
    elif now != entry.identity:
        if entry.shared:  # the hypervisor goes on with the one that it knows
            entry.vanished(f"{location} is another directory now; unmount it and mount it again")
        else:
            entry.again.set()
    elif entry.phase is MountPhase.LOST:
        entry.mounted()
