"""All the mounts of a run, in a guest that only writes down what is mounted."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.hostagent.mounts.record import Changes, Record
from limavm.model.config import Mount
from limavm.model.mount import MountPhase
from tests.fakes.programs import install
from tests.unit.hostagent.mounts.guestbox import TOKEN, GuestBox, until

if sys.platform == "win32":
    pytest.skip("unix programs", allow_module_level=True)


async def test_a_mount_is_made_as_soon_as_ssh_is_there_and_says_so(box: GuestBox) -> None:
    async with box.mounts(box.mount(writable=True)) as mounts:
        assert [state.phase for state in mounts.states()] == [MountPhase.STARTING]
        change = asyncio.create_task(mounts.changed())
        box.connect()
        assert await mounts.settled(30) == []
        await change

        [state] = mounts.states()
        assert (state.phase, state.type, state.configured) == (MountPhase.MOUNTED, "reverse-sshfs", True)
        assert box.mounted() == 1
        assert box.source.is_dir()
        await until(lambda: "INIT" in box.read("heard"))

    await until(lambda: not box.mounted())


async def test_an_sshfs_that_hides_links_which_lead_out_is_told_to_show_them(box: GuestBox) -> None:
    box.write("help", "    -o no_contain_symlinks allow all symlink targets including absolute and ..\n")
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        assert await mounts.settled(30) == []

    assert box.read("calls").endswith("-o slave,ro,allow_other,no_contain_symlinks\n")


async def test_a_read_only_mount_whose_changes_are_told_forgets_its_lists_soon(box: GuestBox) -> None:
    box.write("help", "    -o dcache_{stat,link,dir}_timeout=N\n")
    box.connect()
    mounts = (box.mount(), box.mount("2", writable=True))
    async with box.mounts(*mounts, inotify=True) as kept:
        assert await kept.settled(30) == []

    options = {line.split()[1]: line.split()[-1] for line in box.read("calls").splitlines()}
    assert options[f"{box.point}"] == "slave,ro,allow_other,dcache_dir_timeout=1"
    assert options[f"{box.point}2"] == "slave,allow_other"


async def test_it_waits_until_the_boot_scripts_have_prepared_the_guest(box: GuestBox) -> None:
    box.write("lima-fuse-ready", "of another boot\n")
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        [error] = await mounts.settled(0.3)
        assert "it takes longer than 0.3 s" in error
        assert not box.mounted()

        box.boots()
        assert await mounts.settled(30) == []


@pytest.mark.parametrize("victim", ["server.pid", "sshfs.pid"])
async def test_what_dies_comes_back_without_leaving_a_dead_mount(box: GuestBox, victim: str) -> None:
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        assert await mounts.settled(30) == []
        await until(lambda: box.read(victim))
        first = box.read("calls").count("\n")

        os.kill(int(box.read(victim)), signal.SIGKILL)
        await until(lambda: box.read("calls").count("\n") > first)
        await until(lambda: mounts.states()[0].phase is MountPhase.MOUNTED)
        assert box.mounted() == 1


async def test_a_mount_that_a_killed_agent_left_is_replaced(box: GuestBox) -> None:
    box.write("mountinfo", f"40 30 0:40 / {box.point} rw - fuse.sshfs :/x rw\n")
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        assert await mounts.settled(30) == []

        assert f"fusermount3 -u -z {box.point}" in box.read("unmounts")
        assert box.mounted() == 1


async def test_a_guest_that_refuses_fails_the_mount_until_ssh_comes_back(
    box: GuestBox, caplog: pytest.LogCaptureFixture
) -> None:
    box.write("refusal", "fuse: no such device\n")
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        [error] = await mounts.settled(30)
        assert "fuse: no such device" in error
        assert mounts.states()[0].phase is MountPhase.FAILED
        assert sum("Cannot mount" in message for message in caplog.messages) == 1

        (box.root / "refusal").unlink()
        box.connect(False)
        await asyncio.sleep(0)
        box.connect()
        await until(lambda: mounts.states()[0].phase is MountPhase.MOUNTED)


async def test_an_old_fuse_that_wants_to_hear_nonempty_hears_it(box: GuestBox) -> None:
    box.write("refusal", "fuse: if you are sure this is safe, use the 'nonempty' mount option\n")
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        await mounts.settled(30)

    first, second = box.read("calls").splitlines()[:2]
    assert first.endswith("-o slave,ro,allow_other")
    assert second.endswith("-o slave,ro,allow_other,nonempty")


async def test_a_location_that_is_a_file_fails_and_is_tried_again_when_it_is_a_directory(box: GuestBox) -> None:
    box.source.write_text("")
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        [error] = await mounts.settled(30)
        assert "it is no directory" in error

        box.source.unlink()
        await until(lambda: mounts.states()[0].phase is MountPhase.MOUNTED)


async def test_a_location_that_vanishes_is_told_and_another_one_of_its_name_is_served(box: GuestBox) -> None:
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        await mounts.settled(30)
        box.source.rmdir()
        await until(lambda: mounts.states()[0].phase is MountPhase.LOST)
        assert "does not exist any more" in mounts.states()[0].reason
        assert box.mounted() == 1  # what the guest writes must not land on its own disk

        first = box.read("calls").count("\n")
        box.source.mkdir()
        (box.source / "new").touch()
        await until(lambda: mounts.states()[0].phase is MountPhase.MOUNTED)
        assert box.read("calls").count("\n") >= first


async def test_a_mount_inside_another_comes_after_it_and_comes_back_with_it(box: GuestBox) -> None:
    box.connect()
    async with box.mounts(box.mount("/in", inside=""), box.mount()) as mounts:
        assert await mounts.settled(30) == []
        points = [call.split()[1] for call in box.read("calls").splitlines()]
        assert points == [str(box.point), f"{box.point}/in"]

        (box.root / "calls").unlink()
        outer = next(
            pid
            for pid in (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
            if _argv(pid)[1:3] == [f"{box.root.parent}/bin/sshfs", f":{box.source}"]
        )
        os.kill(outer, signal.SIGKILL)
        await until(lambda: box.read("calls").count("\n") == 2)
        await until(lambda: all(state.phase is MountPhase.MOUNTED for state in mounts.states()))
        points = [call.split()[1] for call in box.read("calls").splitlines()]
        assert points == [str(box.point), f"{box.point}/in"]


def _argv(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


async def test_a_mount_is_added_and_removed(box: GuestBox) -> None:
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        await mounts.settled(30)
        location = box.root.parent / "a b, 100%"
        state = await mounts.add(Mount(location=str(location), mount_point=f"{box.point}2/"))
        assert (state.phase, state.mount_point, state.configured) == (MountPhase.MOUNTED, f"{box.point}2", False)
        assert location.is_dir()
        assert [one.mount_point for one in mounts.states()] == [str(box.point), f"{box.point}2"]

        await mounts.remove(f"{box.point}2")
        assert [one.mount_point for one in mounts.states()] == [str(box.point)]
        await until(lambda: not box.mounted(f"{box.point}2"))


async def test_an_agent_that_takes_over_keeps_what_was_added_and_not_what_was_removed(box: GuestBox) -> None:
    box.boots()
    box.connect()
    first, second = box.mount(), box.mount("-2")
    async with box.mounts(first) as mounts:
        await mounts.add(second)
        await mounts.remove(first.mount_point)

    async with box.mounts(first) as mounts:
        await until(lambda: [state.phase for state in mounts.states()] == [MountPhase.MOUNTED])
        [state] = mounts.states()
        assert (state.mount_point, state.location, state.configured) == (second.mount_point, second.location, False)

        await mounts.add(first)
        await mounts.remove(second.mount_point)

    async with box.mounts(first) as mounts:
        assert [state.mount_point for state in mounts.states()] == [first.mount_point]


async def test_many_mounts_are_made_although_few_log_in_at_a_time(box: GuestBox) -> None:
    box.connect()
    async with box.mounts(*(box.mount(str(number)) for number in range(12))) as mounts:
        assert await mounts.settled(50) == []
        assert box.read("calls").count("\n") == 12


async def test_what_cannot_be_added_changes_nothing(box: GuestBox) -> None:
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        await mounts.settled(30)
        box.write("refusal", "fuse: no such device\n")
        with pytest.raises(UserError, match="no such device"):
            await mounts.add(box.mount("2"))
        with pytest.raises(UserError, match="is a mount already"):
            await mounts.add(box.mount())

        assert [one.mount_point for one in mounts.states()] == [str(box.point)]


async def test_a_mount_that_is_used_or_has_others_inside_is_not_removed(box: GuestBox) -> None:
    box.connect()
    async with box.mounts(box.mount(), box.mount("/in")) as mounts:
        await mounts.settled(30)
        with pytest.raises(UserError, match="has other mounts inside"):
            await mounts.remove(str(box.point))
        box.write("busy", "")
        with pytest.raises(UserError, match="cannot be unmounted"):
            await mounts.remove(f"{box.point}/in")
        assert [one.phase for one in mounts.states()] == [MountPhase.MOUNTED] * 2

        await mounts.remove(f"{box.point}/in", force=True)
        assert len(mounts.states()) == 1


async def test_nothing_is_changed_before_the_machine_runs(box: GuestBox) -> None:
    async with box.mounts() as mounts:
        with pytest.raises(UserError, match="not started"):
            await mounts.remove(str(box.point))
        await asyncio.sleep(0)
        with pytest.raises(UserError, match="is no mount"):
            await mounts.remove(str(box.point))


async def test_a_reset_of_the_machine_makes_every_mount_anew(box: GuestBox) -> None:
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        await mounts.settled(30)
        first = box.read("calls").count("\n")
        for callback in box.vm.told["on_reset"]:
            callback()
        await until(lambda: box.read("calls").count("\n") > first)
        await until(lambda: mounts.states()[0].phase is MountPhase.MOUNTED)


async def test_losses_while_the_guest_shuts_down_are_no_news(box: GuestBox, caplog: pytest.LogCaptureFixture) -> None:
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        await mounts.settled(30)
        mounts.leave()
        box.kill_sshfs()
        await until(lambda: mounts.states()[0].phase is not MountPhase.MOUNTED)

    assert not [record for record in caplog.records if record.levelname == "WARNING"]


async def test_a_mount_that_is_being_removed_is_not_brought_back(
    box: GuestBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of its sshfs is heard before the end of the script that unmounts it."""
    slowly = '#!/bin/sh\nkill -9 "$(cat "$BOX/sshfs.pid")"\numount "$3"\nsleep 1\n'
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        await mounts.settled(30)
        install("fusermount3", slowly, tmp_path, monkeypatch)

        await mounts.remove(str(box.point), force=True)

        assert mounts.states() == []
        assert box.read("calls").count("slave") == 1
        assert not box.mounted()


async def test_a_mount_that_could_not_be_removed_is_kept_mounted_as_before(box: GuestBox) -> None:
    box.connect()
    async with box.mounts(box.mount()) as mounts:
        await mounts.settled(30)
        box.write("busy", "")
        with pytest.raises(UserError, match="cannot be unmounted"):
            await mounts.remove(str(box.point))
        (box.root / "busy").unlink()

        before = box.read("sshfs.pid")
        box.kill_sshfs()
        await until(lambda: box.read("sshfs.pid") != before)
        await until(lambda: mounts.states()[0].phase is MountPhase.MOUNTED)


async def test_a_shared_directory_that_is_replaced_is_told_once_and_not_mounted_over_and_over(
    box: GuestBox, caplog: pytest.LogCaptureFixture
) -> None:
    box.connect()
    box.write("filesystems", "nodev\tvirtiofs\n")
    box.vm.hotplug = True
    async with box.mounts(kind="virtiofs") as mounts:
        box.source.mkdir()
        await mounts.add(box.mount())
        box.source.rename(box.root.parent / "elsewhere")
        box.source.mkdir()

        await until(lambda: mounts.states()[0].phase is MountPhase.LOST)

        assert mounts.states()[0].reason.endswith("is another directory now; unmount it and mount it again")
        assert box.read("calls").count("mount -t virtiofs") == 1
        assert "begins anew" not in caplog.text


async def test_a_mount_that_is_removed_while_the_guest_starts_is_not_waited_for(box: GuestBox) -> None:
    async with box.mounts(box.mount()) as mounts:
        await asyncio.sleep(0)
        settling = asyncio.create_task(mounts.settled(60))
        await asyncio.sleep(0)

        await mounts.remove(str(box.point))

        async with asyncio.timeout(30):
            assert await settling == []


async def test_a_writable_mount_that_was_taken_away_again_is_remembered(box: GuestBox) -> None:
    box.connect()
    async with box.mounts(box.mount("3")) as mounts:
        await mounts.add(box.mount(writable=True))
        await mounts.add(box.mount("2"))
        for name in ("", "2"):
            await mounts.remove(f"{box.point}{name}")

    assert Record(str(box.root / "mounts.json"), TOKEN).load() == Changes(boot_token=TOKEN, exposed=(str(box.source),))
