"""Directories of the host that vanish and are replaced; what becomes of their mounts is in test_mounts.py."""

import asyncio
from pathlib import Path

from limavm.hostagent.mounts import source
from limavm.hostagent.mounts.entry import Entry
from limavm.hostagent.mounts.sourcewatch import watch_sources
from limavm.model.config import Mount
from limavm.model.mount import MountPhase


async def test_a_directory_that_vanishes_and_comes_back_is_told(tmp_path: Path) -> None:
    place = tmp_path / "here"
    place.mkdir()
    changed = asyncio.Event()
    entry = Entry(Mount(location=str(place), mount_point="/srv"), "virtiofs", changed.set)
    entry.identity = source.identity(str(place))
    entry.mounted()
    watching = asyncio.create_task(watch_sources([entry]))

    phases = []
    for old, new in ((place, tmp_path / "gone"), (tmp_path / "gone", place)):
        changed.clear()
        old.rename(new)
        await asyncio.wait_for(changed.wait(), 30)
        phases.append(entry.phase)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    assert phases == [MountPhase.LOST, MountPhase.MOUNTED]
