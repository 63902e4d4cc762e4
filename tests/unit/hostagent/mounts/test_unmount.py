"""Mounts taken out of the guest; how that goes with the rest see test_mounts."""

import asyncio
import sys

import pytest

from limavm.errors import UserError
from limavm.hostagent.mounts.entry import Entry
from limavm.hostagent.mounts.unmount import unmounted
from tests.unit.hostagent.mounts.guestbox import GuestBox, until

if sys.platform == "win32":
    pytest.skip("unix programs", allow_module_level=True)


def entry(box: GuestBox, kind: str) -> Entry:
    return Entry(box.mount(), kind, lambda: None)


async def test_without_ssh_an_sshfs_is_dead_already(box: GuestBox) -> None:
    await unmounted(box.guest, entry(box, "reverse-sshfs"), lazily=False, patience=0)


@pytest.mark.parametrize("kind", ["9p", "virtiofs"])
async def test_without_ssh_what_the_hypervisor_offers_is_not_taken_for_unmounted(box: GuestBox, kind: str) -> None:
    with pytest.raises(UserError, match="ssh to the guest is not connected"):
        await unmounted(box.guest, entry(box, kind), lazily=False, patience=0)


async def test_it_is_unmounted_once_ssh_is_back(box: GuestBox) -> None:
    box.write("mountinfo", f"41 30 0:41 / {box.point} rw - virtiofs tag rw\n")
    unmounting = asyncio.create_task(unmounted(box.guest, entry(box, "virtiofs"), lazily=False, patience=60))
    await asyncio.sleep(0)
    assert not unmounting.done()

    box.connect()
    await unmounting

    await until(lambda: not box.mounted())
