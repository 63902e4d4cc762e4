"""Looks whether the directories of the host that are mounted are still there, and still the same ones."""

import asyncio
from collections.abc import Callable, Collection

from limavm.hostagent.mounts import source
from limavm.hostagent.mounts.entry import Entry
from limavm.model.mount import MountPhase

#: How often, in seconds; each look wakes the host agent and starts a thread.
_LOOK = 5.0


async def watch_sources(
    entries: Collection[Entry],
    *,
    look: Callable[[str], source.Identity | None] = source.identity,
    every: float = _LOOK,
    limit: float = source.LIMIT,
) -> None:
    """Until cancelled: tell those that are mounted when their directory vanishes, comes back, or is another one."""
    while True:
        await asyncio.sleep(every)
        mounted = [entry for entry in entries if entry.up.is_set() and entry.identity]
        await asyncio.gather(*(_look_at(entry, look, limit) for entry in mounted))


async def _look_at(entry: Entry, look: Callable[[str], source.Identity | None], limit: float) -> None:
    location = entry.mount.location
    try:
        now = await entry.looks.call(lambda: look(location), limit=limit)
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
