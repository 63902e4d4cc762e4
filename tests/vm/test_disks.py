"""Data disks and snapshots of a real machine: the shared one is stopped once, and starts with disks.

The tests of this file run in order on that machine, which keeps one of the disks afterwards.
"""

import json
import sys

import pytest

from tests.vm.limactl import Limactl

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

POINT = "/mnt/lima-data"


def owners(limactl: Limactl) -> dict[str, str]:
    lines = limactl.ok("disk", "list", "--json").splitlines()
    return {disk["name"]: disk["instance"] for disk in map(json.loads, lines)}


def root(limactl: Limactl, machine: str, script: str) -> str:
    return limactl.ok("shell", "--workdir", "/", machine, "sudo", "sh", "-c", script)


def test_a_machine_formats_and_mounts_its_disks(limactl: Limactl, machine: str) -> None:
    limactl.ok("disk", "create", "data", "--size", "256MiB")
    limactl.ok("disk", "create", "swap", "--size", "64MiB")

    wanted = '.additionalDisks = ["data", {"name": "swap", "fsType": "swap"}]'
    limactl.ok("restart", "--set", wanted, machine)

    assert root(limactl, machine, f"findmnt -no FSTYPE {POINT}; wc -l </proc/swaps").split() == ["ext4", "2"]
    root(limactl, machine, f"echo kept > {POINT}/file; sync")
    assert owners(limactl) == {"data": machine, "swap": machine}


def test_a_disk_in_use_is_kept_as_it_is(limactl: Limactl, machine: str) -> None:
    for args in (("delete", "data"), ("resize", "data", "--size", "1GiB")):
        done = limactl.run("disk", *args)
        assert done.returncode == 1
        assert f"used by the instance '{machine}'" in done.stderr
    limactl.ok("disk", "unlock", "data")
    assert owners(limactl)["data"] == machine


def test_a_running_machine_goes_back_to_its_snapshot(limactl: Limactl, machine: str) -> None:
    limactl.ok("snapshot", "create", "--tag", "before", machine)
    root(limactl, machine, f"echo changed > {POINT}/file; touch /run/later; sync")
    assert limactl.run("snapshot", "create", "--tag", "before", machine).returncode == 1
    assert limactl.run("snapshot", "apply", "--tag", "nothing", machine).returncode == 1

    limactl.ok("snapshot", "apply", "--tag", "before", machine)

    assert root(limactl, machine, f"cat {POINT}/file; ls /run/later 2>&1 || :").startswith("kept\nls: ")
    assert limactl.ok("snapshot", "list", "-q", machine) == "before\n"
    limactl.ok("snapshot", "delete", "--tag", "before", machine)
    assert limactl.ok("snapshot", "list", "-q", machine) == ""


def test_a_disk_that_was_resized_has_grown_and_kept_its_files_and_its_place(limactl: Limactl, machine: str) -> None:
    limactl.ok("stop", machine)
    assert owners(limactl) == {"data": "", "swap": ""}
    limactl.ok("disk", "resize", "data", "--size", "512MiB")
    # Another place than before: it is known by its label, and one disk is left out.
    limactl.ok("edit", "--tty=false", "--set", '.additionalDisks = [{"name": "data", "format": false}]', machine)

    limactl.ok("start", machine)

    assert root(limactl, machine, f"cat {POINT}/file") == "kept\n"
    assert int(root(limactl, machine, f"df --output=size -B1 {POINT} | tail -1")) > 400 << 20
    assert owners(limactl) == {"data": machine, "swap": ""}
    limactl.ok("disk", "delete", "swap")
