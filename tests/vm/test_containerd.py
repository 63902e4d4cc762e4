"""containerd in a real guest: from the packages of the distribution, and then from an archive in their place."""

import json
import sys

import pytest

from limavm.model.arch import Arch
from tests.vm.engine import archive, saved
from tests.vm.limactl import wait_for
from tests.vm.mountpoints import Shared

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

IMAGE = "example.test/scratch:latest"
#: In the guest: an image that is made from nothing.
TAR = "/var/tmp/scratch.tar"
#: What the boot script writes where it has unpacked an archive.
STAMP = "/var/lib/lima/containerd"

from_packages = pytest.mark.parametrize("shared", ["9p"], indirect=True, scope="session")
from_archive = pytest.mark.parametrize("shared", ["virtiofs"], indirect=True, scope="session")


@from_packages
def test_one_warning_says_that_packages_take_the_place_of_the_archive(shared: Shared) -> None:
    said = (shared.limactl.home / shared.machine / "last-start.txt").read_text()

    (warning,) = [line for line in said.splitlines() if "nerdctl" in line]
    assert "level=warning" in warning
    assert "127.0.0.1:9" in warning
    assert "from its distribution" in warning
    assert shared.attempt("command -v nerdctl") != 0


@from_packages
def test_root_and_the_user_run_an_image_that_is_made_from_nothing(shared: Shared) -> None:
    limactl, name = shared.limactl, shared.machine
    busybox = limactl.home / name / "busybox"
    limactl.ok("copy", f"{name}:/bin/busybox", str(busybox))
    architecture = Arch(limactl.instance(name)["arch"]).debian_name
    image = limactl.home / name / "scratch.tar"
    image.write_bytes(saved(IMAGE, archive({"bin/busybox": busybox.read_bytes()}), architecture))
    limactl.ok("copy", str(image), f"{name}:{TAR}")
    wait_for("the user's containerd", lambda: shared.attempt("ctr-rootless version") == 0, 120)

    for tool in ("sudo -n ctr", "ctr-rootless"):
        script = f"{tool} images import {TAR} >&2 && {tool} run --rm {IMAGE} first /bin/busybox echo from a container"
        assert shared.script(script) == "from a container\n", tool


@from_archive
def test_an_archive_takes_the_place_of_the_packages_and_its_medium_is_gone(shared: Shared) -> None:
    limactl, name = shared.limactl, shared.machine

    assert limactl.ok("shell", name, "nerdctl", "run").strip() == "stand-in of nerdctl run"
    assert shared.script("cat ~/rootless-setup") == "install\n"
    assert shared.attempt("command -v ctr-rootless") != 0
    running = "systemctl is-active containerd; systemctl show -P ExecStart containerd"
    assert "active\n{ path=/usr/local/bin/containerd" in shared.script(running)
    known = json.loads((limactl.home / name / "containerd.json").read_text())
    assert known["installed"]
    assert shared.script(f"cat {STAMP}").strip() == known["version"]
    assert "lima-containerd" not in shared.script("cat /sys/block/*/device/model")


@from_archive
def test_a_later_boot_gets_no_medium_and_unpacks_nothing(shared: Shared) -> None:
    stamp = shared.script(f"stat -c %Y.%i {STAMP}")

    shared.limactl.ok("restart", shared.machine)

    assert not (shared.limactl.home / shared.machine / "containerd.tgz").exists()
    assert shared.script(f"stat -c %Y.%i {STAMP}") == stamp
    assert shared.script("cat ~/rootless-setup") == "install\n"
    wait_for("the mounts", shared.are_mounted)
