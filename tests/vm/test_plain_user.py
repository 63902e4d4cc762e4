"""The same as an ordinary user, who builds the image in a user namespace."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.limactl import Limactl, wait_for

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

TEMPLATE = "template:debian-12"


def test_a_build_that_is_killed_leaves_nothing_that_counts(plain_user: Limactl) -> None:
    cache = Path(plain_user.environment().get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lima" / "build"
    before = finished(cache)
    child = subprocess.Popen(
        plain_user.argv("create", "--tty=false", "--name", "mine", "--memory", "1", TEMPLATE),
        env=plain_user.environment(),
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for("files of a build, or the end of one that was cached", lambda: [*cache.glob("*.tmp/*/*")] or ended(child))
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)
    child.wait()

    wait_for("the end of what the build had started", lambda: not processes_in(cache))
    assert finished(cache) >= before
    assert all((entry / "image").exists() for entry in finished(cache))


def ended(child: "subprocess.Popen[bytes]") -> bool:
    return child.poll() is not None


def finished(cache: Path) -> set[Path]:
    """Entries that a start would take for whole."""
    return {entry for entry in cache.glob("*") if entry.is_dir() and entry.suffix != ".tmp"}


def processes_in(cache: Path) -> list[str]:
    """Command lines that name a file of a build in progress."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if f"{cache}/" in words and ".tmp" in words:
                found.append(words)
    return found


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """A directory that does not exist yet, and will belong to the ordinary user."""
    path = Path(f"/tmp/a project {os.getpid()}")
    yield path
    shutil.rmtree(path)


def test_an_ordinary_user_gets_a_machine_from_nothing(plain_user: Limactl, project: Path) -> None:
    plain_user.run("delete", "-f", "mine")
    mounts = f'.mountType = "reverse-sshfs" | .mounts = [{{"location": "{project}", "writable": true}}]'
    plain_user.ok("start", "--tty=false", "--name", "mine", "--memory", "1", "--set", mounts, TEMPLATE, timeout=1500)

    found = plain_user.instance("mine")
    assert found["status"] == "Running"
    assert 'VERSION_ID="12"' in plain_user.ok("shell", "mine", "cat", "/etc/os-release")
    assert plain_user.ok("shell", "mine", "id", "-un").strip() == found["config"]["user"]["name"]
    assert plain_user.run("shell", "mine", "true").stderr == ""


def test_a_directory_of_an_ordinary_user_is_in_the_guest_at_the_same_place(plain_user: Limactl, project: Path) -> None:
    script = 'cd "$1" && mkdir directory && echo guest >directory/file && ln -s ../directory/file directory/link'

    plain_user.ok("shell", "mine", "sh", "-c", script, "sh", str(project))

    assert (project / "directory" / "link").read_text() == "guest\n"
    assert (project / "directory").owner() == (plain_user.home / "mine").owner() == project.owner()
    assert ": no difference in " in plain_user.ok("mount", "verify", "mine", "--duration", "2s")


def test_a_later_boot_does_without_cloud_init(plain_user: Limactl) -> None:
    prepared = "/etc/systemd/system/sysinit.target.wants/lima-seed.service"
    wait_for("the preparation", lambda: plain_user.run("shell", "mine", "test", "-e", prepared).returncode == 0)

    plain_user.ok("restart", "mine")

    assert plain_user.ok("shell", "mine", "systemctl", "--failed", "--plain", "--no-legend").strip() == ""
    assert plain_user.run("shell", "mine", "test", "-e", "/run/cloud-init/result.json").returncode == 1
    assert "192.168.5.2" in plain_user.ok("shell", "mine", "getent", "hosts", "host.lima.internal")
    plain_user.ok("stop", "mine")
    plain_user.ok("delete", "mine")
