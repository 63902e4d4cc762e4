"""The boot script that lets deleted files become free on the host, in a box of namespaces."""

import os
import shutil
import time
from pathlib import Path

import msgspec
import pytest

from limavm.model.config import Disk
from limavm.seed.documents import documents
from tests.unit.seed.examples import CONFIG, FACTS
from tests.unit.seed.guest.box import GuestBox, is_possible

pytestmark = pytest.mark.skipif(not is_possible(), reason="needs user namespaces")

SCRIPT = "boot.Linux/12-fstrim.bg.sh"
UNIT = "etc/systemd/system/fstrim.timer"
WANTED = "etc/systemd/system/timers.target.wants/fstrim.timer"
MARKER = "var/lib/lima/fstrim"
SETTINGS = "etc/systemd/system/fstrim.service.d/lima-disks.conf"
WEEK = 7 * 24 * 3600
ENABLED = ["systemctl --quiet --no-reload enable fstrim.timer", "systemctl --no-block start fstrim.timer"]


@pytest.fixture
def box(tmp_path: Path) -> GuestBox:
    """A guest with this one boot script, and systemd's timer."""
    box = GuestBox(tmp_path / "box")
    box.write(UNIT, "[Timer]\n")
    box.program("fstrim", f'echo fstrim "$@" >>{box.root}/calls')
    with_seed(box)
    return box


def with_seed(box: GuestBox, disks: tuple[Disk, ...] = ()) -> None:
    user = msgspec.structs.replace(CONFIG.user, name="tester", home="/home/tester.guest")
    config = msgspec.structs.replace(CONFIG, user=user, provision=(), additional_disks=disks)
    files = documents(config, FACTS)
    others = [name for name in files if name.startswith("boot.Linux/") and name != SCRIPT]
    box.seed(files | dict.fromkeys(others, b"#!/bin/sh\n"))


def calls(box: GuestBox) -> list[str]:
    return [call for call in box.calls if call.split()[0] in ("systemctl", "fstrim")]


def test_the_timer_is_enabled_at_the_first_boot(box: GuestBox) -> None:
    done = box.boot()

    assert done.status == 0, done.log
    assert calls(box) == ENABLED
    assert not box.exists(SETTINGS)


def test_a_timer_that_was_disabled_afterwards_stays_so(box: GuestBox) -> None:
    box.boot()
    box.reboot()

    box.boot()

    assert calls(box) == []


def test_a_timer_that_the_image_has_enabled_is_left_alone(box: GuestBox) -> None:
    box.write(WANTED, "")

    box.boot()

    assert calls(box) == []
    assert box.exists(MARKER)


def test_a_masked_timer_stays_masked(box: GuestBox) -> None:
    (box.root / UNIT).unlink()
    (box.root / UNIT).symlink_to(os.devnull)

    done = box.boot()

    assert (done.status, calls(box)) == (0, [])


def test_a_system_whose_settings_cannot_be_written_is_no_failure(box: GuestBox) -> None:
    box.program("systemctl", "exit 1")

    done = box.boot()

    assert (done.status, "WARNING" in done.log) == (0, False), done.log


def test_additional_disks_are_trimmed_though_fstab_does_not_name_them(box: GuestBox) -> None:
    with_seed(box, (Disk(name="data"),))

    done = box.boot()

    assert done.status == 0, done.log
    assert box.read(SETTINGS) == f"[Service]\nExecStart=\nExecStart=-{box.root}/bin/fstrim --all\n"


def test_settings_that_somebody_has_changed_are_kept(box: GuestBox) -> None:
    with_seed(box, (Disk(name="data"),))
    box.write(SETTINGS, "mine")

    box.boot()

    assert box.read(SETTINGS) == "mine"


#: Mounts that look like disks, one at two places and one read-only; then waits for what goes on after the boot.
BOOT = """
mkdir "/mnt/a b" /mnt/c /mnt/d && mount -t tmpfs /dev/one "/mnt/a b" && mount --bind "/mnt/a b" /mnt/c &&
mount -t tmpfs -o ro /dev/two /mnt/d && mkfifo /run/trimmed && {shell} /mnt/lima-cidata/boot.sh && {then}
"""
#: The host's own disks are seen in the box, too, and do not count.
TRIM = 'case $1 in /mnt/*) echo "$1" >>/run/seen ;; esac; [ "$1" != "/mnt/a b" ] || echo done >/run/trimmed'


def without_systemd(box: GuestBox) -> None:
    shutil.rmtree(box.root / "run/systemd")
    box.program("fstrim", TRIM)


def last_trimmed(box: GuestBox, seconds: float) -> None:
    box.write(MARKER, "")
    os.utime(box.root / MARKER, (time.time() - seconds,) * 2)


@pytest.mark.parametrize("shell", ["", "busybox sh"])
def test_without_timers_a_boot_a_week_later_trims_every_disk_once(box: GuestBox, shell: str) -> None:
    program, _, arguments = shell.partition(" ")
    path = shutil.which(program) if shell else ""
    if path is None:
        pytest.skip(f"needs {program}")
    without_systemd(box)
    last_trimmed(box, WEEK + 60)

    done = box.run(BOOT.format(shell=f"{path} {arguments}", then="cat /run/trimmed"))

    assert (done.status, done.log.endswith("done\n")) == (0, True), done.log
    assert box.read("run/seen") == "/mnt/a b\n"
    assert (box.root / MARKER).stat().st_mtime > time.time() - 3600


@pytest.mark.parametrize("since", [None, WEEK - 3600])
def test_without_timers_other_boots_trim_nothing(box: GuestBox, since: float | None) -> None:
    without_systemd(box)
    if since is not None:
        last_trimmed(box, since)
    before = (box.root / MARKER).stat().st_mtime if since else None

    done = box.run(BOOT.format(shell="", then="true"))

    assert done.status == 0, done.log
    assert not box.exists("run/seen")
    assert before in (None, (box.root / MARKER).stat().st_mtime)
