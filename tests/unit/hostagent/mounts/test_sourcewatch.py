"""Directories of the host that vanish and are replaced; what becomes of their mounts is in test_mounts.py."""

import asyncio
import threading
from pathlib import Path

from limavm.hostagent.mounts import source
from limavm.hostagent.mounts.entry import Entry
from limavm.hostagent.mounts.sourcewatch import watch_sources
from limavm.model.config import Mount
from limavm.model.mount import MountPhase


def mounted(place: Path, changed: asyncio.Event) -> Entry:
    entry = Entry(Mount(location=str(place), mount_point="/srv"), "virtiofs", changed.set)
    entry.identity = source.identity(str(place))
    entry.mounted()
    return entry


async def test_a_directory_that_vanishes_and_comes_back_is_told(tmp_path: Path) -> None:
    place = tmp_path / "here"
    place.mkdir()
    changed = asyncio.Event()
    entry = mounted(place, changed)
    watching = asyncio.create_task(watch_sources([entry], every=0.05))

    phases = []
    for old, new in ((place, tmp_path / "gone"), (tmp_path / "gone", place)):
        changed.clear()
        old.rename(new)
        await asyncio.wait_for(changed.wait(), 30)
        phases.append(entry.phase)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    assert phases == [MountPhase.LOST, MountPhase.MOUNTED]


async def test_a_dead_network_drive_is_told_takes_one_thread_and_holds_up_no_other(tmp_path: Path) -> None:
    answers = threading.Event()
    looks = []

    def look(location: str) -> source.Identity | None:
        if location == str(tmp_path / "dead"):
            looks.append(location)
            answers.wait()
        return source.identity(location)

    entries, changes = [], {}
    for name in ("dead", "well"):
        (tmp_path / name).mkdir()
        changes[name] = asyncio.Event()
        entries.append(mounted(tmp_path / name, changes[name]))
        changes[name].clear()
    dead, well = entries
    watching = asyncio.create_task(watch_sources(entries, look=look, every=0.02, limit=0.02))
    try:
        await asyncio.wait_for(changes["dead"].wait(), 30)
        assert (dead.phase, dead.reason) == (MountPhase.LOST, f"{tmp_path / 'dead'} does not answer")
        changes["well"].clear()
        (tmp_path / "well").rmdir()
        await asyncio.wait_for(changes["well"].wait(), 30)
        assert well.phase is MountPhase.LOST
        assert len(looks) == 1
        changes["dead"].clear()
        answers.set()
        await asyncio.wait_for(changes["dead"].wait(), 30)
        assert dead.phase is MountPhase.MOUNTED
    finally:
        answers.set()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
