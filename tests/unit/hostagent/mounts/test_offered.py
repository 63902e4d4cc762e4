"""9p and virtiofs: checked, mounted where they are missing, and replaced where the guest does not know them."""

import sys
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.model.mount import MountPhase, mount_tag
from tests.fakes.programs import install
from tests.unit.hostagent.mounts.guestbox import GuestBox, until

if sys.platform == "win32":
    pytest.skip("unix programs", allow_module_level=True)


def mounted_by_the_guest(box: GuestBox, kind: str) -> None:
    tag = mount_tag(str(box.source), str(box.point))
    box.write("mountinfo", f"40 30 0:40 / {box.point} ro - {kind} {tag} ro\n")


async def test_what_the_guest_has_mounted_at_its_boot_is_mounted(box: GuestBox) -> None:
    mounted_by_the_guest(box, "9p")
    box.connect()
    async with box.mounts(box.mount(), kind="9p") as mounts:
        assert await mounts.settled(30) == []
        [state] = mounts.states()
        assert (state.phase, state.type) == (MountPhase.MOUNTED, "9p")
    assert box.read("calls") == ""


async def test_what_it_has_not_is_mounted_now(box: GuestBox) -> None:
    box.write("filesystems", "nodev\tvirtiofs\n")
    box.connect()
    async with box.mounts(box.mount(), kind="virtiofs") as mounts:
        assert await mounts.settled(30) == []
        tag = mount_tag(str(box.source), str(box.point))
        assert box.read("calls") == f"mount -t virtiofs -o ro {tag} {box.point}\n"


async def test_a_kernel_that_does_not_know_the_type_gets_sshfs_with_one_warning(
    box: GuestBox, caplog: pytest.LogCaptureFixture
) -> None:
    box.write("lima-shares-failed", "0 9p\n")
    box.connect()
    async with box.mounts(box.mount(), box.mount("2"), kind="9p") as mounts:
        assert await mounts.settled(30) == []
        for state in mounts.states():
            assert (state.phase, state.type) == (MountPhase.MOUNTED, "reverse-sshfs")
            assert state.reason == "the guest's kernel does not know 9p"

    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "`mountType: reverse-sshfs` silences this" in warning


async def test_a_share_is_mounted_anew_when_the_program_behind_it_serves_again(box: GuestBox) -> None:
    box.write("filesystems", "nodev\tvirtiofs\n")
    mounted_by_the_guest(box, "virtiofs")
    box.connect()
    async with box.mounts(box.mount(), kind="virtiofs") as mounts:
        await mounts.settled(30)
        tag = mount_tag(str(box.source), str(box.point))
        box.vm.tell_of_share(tag, alive=False)
        assert mounts.states()[0].phase is MountPhase.LOST

        box.vm.tell_of_share(tag, alive=True)
        await until(lambda: mounts.states()[0].phase is MountPhase.MOUNTED)
        assert f"umount -l {box.point}" in box.read("unmounts")
        assert "mount -t virtiofs" in box.read("calls")


async def test_a_guest_that_boots_again_is_looked_at_again(box: GuestBox) -> None:
    box.write("filesystems", "nodev\t9p\n")
    box.connect()
    async with box.mounts(box.mount(), kind="9p") as mounts:
        await mounts.settled(30)
        box.connect(False)
        box.write("mountinfo", "")
        first = box.read("calls").count("\n")
        box.connect()
        await until(lambda: box.read("calls").count("\n") > first)


async def test_virtiofs_is_added_where_the_hypervisor_can_and_sshfs_elsewhere(box: GuestBox) -> None:
    box.write("filesystems", "nodev\tvirtiofs\n")
    box.connect()
    async with box.mounts(box.mount(), kind="virtiofs") as mounts:
        await mounts.settled(30)
        box.vm.hotplug = True
        state = await mounts.add(box.mount("2"))
        assert state.type == "virtiofs"
        assert mount_tag(state.location, state.mount_point) in box.vm.shares
        await mounts.remove(state.mount_point)
        assert not box.vm.shares


async def test_a_type_that_cannot_be_added_is_told(box: GuestBox) -> None:
    mounted_by_the_guest(box, "9p")
    box.connect()
    async with box.mounts(box.mount(), kind="9p") as mounts:
        await mounts.settled(30)
        setup = box.root / "setup.sh"
        setup.write_text("exit 1\n")
        with pytest.raises(Exception, match="cannot be prepared for sshfs"):
            await mounts.add(box.mount("2"))


async def test_what_was_offered_to_a_guest_that_does_not_know_the_type_is_taken_back(box: GuestBox) -> None:
    box.write("lima-shares-failed", "0 virtiofs\n")
    box.connect()
    box.vm.hotplug = True
    async with box.mounts(kind="virtiofs") as mounts:
        state = await mounts.add(box.mount())

        assert (state.type, state.phase) == ("reverse-sshfs", MountPhase.MOUNTED)
        assert not box.vm.shares


async def test_what_cannot_be_added_is_unmounted_before_it_is_offered_no_more(
    box: GuestBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount that says that it has failed may be there all the same."""
    failing = '#!/bin/sh\nprintf \'41 30 0:41 / %s rw - %s %s rw\\n\' "$6" "$2" "$5" >>"$BOX/mountinfo"\nexit 32\n'
    install("mount", failing, tmp_path, monkeypatch)
    box.write("filesystems", "nodev\tvirtiofs\n")
    box.connect()
    box.vm.hotplug = True
    async with box.mounts(kind="virtiofs") as mounts:
        with pytest.raises(UserError, match="cannot mount it by virtiofs"):
            await mounts.add(box.mount())

        assert box.read("unmounts") == f"umount -l {box.point}\n"
        assert not box.mounted()
        assert not box.vm.shares
        assert mounts.states() == []
