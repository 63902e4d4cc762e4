"""Mounts of a real machine come back by themselves, and come and go while it runs."""

import contextlib
import os
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.vm import writer
from tests.vm.forwards import kill_agent, master_pid
from tests.vm.limactl import wait_for
from tests.vm.mountpoints import BACK, Shared, listening, processes

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm

HERE = Path(__file__).parent
INPLACE_BLOCKS = 64


@contextlib.contextmanager
def writing(shared: Shared) -> "Iterator[deque[str]]":
    """A program of the guest at work in the writable mount, in the end without one byte that is not right.

    The lines say what it has done: see `writer`.
    """
    place = Path(tempfile.mkdtemp(prefix="work-", dir=shared.rw))
    place.chmod(0o777)
    (place / "inplace").write_bytes(bytes(INPLACE_BLOCKS * writer.BLOCK))
    (place / "inplace").chmod(0o666)
    with shared.background(HERE / "writer.py", f"/mnt/rw/{place.name}") as child:
        assert child.stdout
        heard = listening(child.stdout)
        wait_for("the first file", lambda: heard or child.poll() is not None, BACK)
        assert child.poll() is None, "the writer has ended before its first file; what its ssh said is above"
        yield heard
        assert child.poll() is None, "the writer has ended"
    done = [line.split() for line in heard]
    assert [line for line in done if line[0] == "renamed"]
    check_files(place, done)
    check_blocks((place / "inplace").read_bytes(), done)


def check_files(place: Path, done: list[list[str]]) -> None:
    """What was synced is there, under its new name if that was promised; the rest ends somewhere, without holes."""
    found = {path.name: path.read_bytes() for path in place.iterdir() if path.name != "inplace"}
    for name, content in found.items():
        number = int(name.removesuffix(".part"))
        assert numbered(number, writer.SIZE).startswith(content), f"{name} has what was never written: {holes(content)}"
    for word, name, *_ in done:
        if word == "renamed":
            assert f"{name}.part" not in found
            assert len(found[name]) == writer.SIZE
        if word == "synced":
            assert len(found.get(name, found.get(f"{name}.part", b""))) == writer.SIZE


def check_blocks(content: bytes, done: list[list[str]]) -> None:
    """Each block is of one number: that which was synced last, or a later one of which nothing is known."""
    synced = {int(block): int(number) for _, number, block in (line for line in done if line[0] == "patched")}
    assert len(content) == INPLACE_BLOCKS * writer.BLOCK
    for index in range(INPLACE_BLOCKS):
        block = content[index * writer.BLOCK :][: writer.BLOCK]
        assert block == block[:8] * (writer.BLOCK // 8)
        assert int(block[:8].strip(b"\0") or b"0") >= synced.get(index, 0), f"block {index} is an old one"


def numbered(number: int, size: int) -> bytes:
    return f"{number:08}".encode() * (size // 8)


def holes(content: bytes) -> list[int]:
    """Where a file has zeros, which are never written, by the word."""
    return [at for at in range(0, len(content), 8) if not content[at : at + 8].strip(b"\0")]


def kill(pids: list[int]) -> None:
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def kill_server(shared: Shared) -> None:
    kill(processes("limavm.sftp", str(shared.rw)))


def kill_ssh(shared: Shared) -> None:
    kill(processes("ssh", "IFS= read -r s", str(shared.limactl.home / shared.machine)))


def kill_master(shared: Shared) -> None:
    kill([master_pid(shared.limactl, shared.machine)])


def kill_sshfs(shared: Shared) -> None:
    shared.script("kill -KILL $(pidof sshfs)", root=True)


def kill_daemons(shared: Shared) -> None:
    kill(processes("virtiofsd", str(shared.rw)))


@pytest.mark.parametrize("end", [kill_server, kill_ssh, kill_master, kill_sshfs])
def test_a_mount_by_ssh_comes_back_whoever_is_killed(by_ssh: Shared, end: Callable[[Shared], None]) -> None:
    with writing(by_ssh) as finished:
        end(by_ssh)

        by_ssh.wait_until_back()
        before = len(finished)
        wait_for("more files", lambda: len(finished) > before, BACK)


@pytest.mark.parametrize("shared", ["virtiofs"], indirect=True, scope="session")
def test_a_mount_comes_back_when_its_daemon_is_killed(shared: Shared) -> None:
    with writing(shared) as finished:
        kill_daemons(shared)

        shared.wait_until_back()
        before = len(finished)
        wait_for("more files", lambda: len(finished) > before, BACK)


def test_mounts_are_there_again_after_the_host_agent_was_killed(shared: Shared) -> None:
    with writing(shared) as finished:
        kill_agent(shared.limactl, shared.machine)

        shared.limactl.ok("start", shared.machine)

        shared.wait_until_back()
        before = len(finished)
        wait_for("more files", lambda: len(finished) > before, BACK)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory of the host that no template knows."""
    with tempfile.TemporaryDirectory(prefix="lp-", dir="/tmp") as path:
        os.chmod(path, 0o777)
        yield Path(path)


def test_a_directory_is_added_to_a_machine_that_runs_and_taken_away(shared: Shared, place: Path) -> None:
    (place / "file").write_text("host\n")

    shared.limactl.ok("mount", shared.machine, f"{place}:/mnt/added:w")
    state = shared.states()["/mnt/added"]
    found = shared.script("cat /mnt/added/file; echo guest >/mnt/added/new")
    shared.limactl.ok("umount", shared.machine, "/mnt/added")

    assert (state["type"], state["phase"]) == ("virtiofs" if shared.kind == "virtiofs" else "reverse-sshfs", "mounted")
    assert state["configured"] is False
    assert found == "host\n"
    assert (place / "new").read_text() == "guest\n"
    assert "/mnt/added" not in shared.states()
    assert shared.attempt("mountpoint -q /mnt/added || [ -e /mnt/added/file ]") == 1


@pytest.mark.parametrize("shared", ["reverse-sshfs", "virtiofs"], indirect=True, scope="session")
def test_what_is_removed_is_added_again_at_once_with_other_rights_and_an_heir_of_the_agent_keeps_it(
    shared: Shared, place: Path
) -> None:
    (place / "file").write_text("host\n")
    limactl, machine = shared.limactl, shared.machine
    keepers = len(processes("limavm.virtiofs", str(limactl.home / machine)))

    for rights in (":w", ""):
        limactl.ok("mount", machine, f"{place}:/mnt/again{rights}")
        written = shared.attempt("cat /mnt/again/file && echo guest >/mnt/again/new") == 0
        assert written is bool(rights)
        limactl.ok("umount", machine, "/mnt/again")
    limactl.ok("mount", machine, f"{place}:/mnt/kept")
    kill_agent(limactl, machine)
    limactl.ok("start", machine)

    shared.wait_until_back()
    assert shared.script("cat /mnt/kept/file") == "host\n"
    assert "/mnt/again" not in shared.states()
    limactl.ok("umount", machine, "/mnt/kept")
    assert len(processes("limavm.virtiofs", str(limactl.home / machine))) == keepers


def test_a_mount_that_is_used_says_by_whom_and_can_be_forced(shared: Shared, place: Path) -> None:
    shared.limactl.ok("mount", shared.machine, f"{place}:/mnt/busy")
    shared.script("cd /mnt/busy && sleep 600 >/dev/null 2>&1 & until [ /proc/$!/cwd -ef /mnt/busy ]; do :; done")

    refused = shared.limactl.run("umount", shared.machine, "/mnt/busy")
    shared.limactl.ok("umount", "--force", shared.machine, "/mnt/busy")
    shared.script("pkill sleep")

    assert refused.returncode == 1
    assert "/mnt/busy is used in the guest by sleep (PID " in refused.stderr
    assert "/mnt/busy" not in shared.states()


def test_a_mount_is_kept_in_the_configuration_and_taken_out_of_it(by_ssh: Shared, place: Path) -> None:
    config = by_ssh.limactl.home / by_ssh.machine / "lima.yaml"
    before = config.read_text()

    by_ssh.limactl.ok("mount", by_ssh.machine, f"{place}:/mnt/saved:w", "--save")
    saved = by_ssh.limactl.instance(by_ssh.machine)["config"]["mounts"][-1]
    by_ssh.limactl.ok("umount", by_ssh.machine, "/mnt/saved", "--save")

    assert (saved["location"], saved["mountPoint"], saved["writable"]) == (str(place), "/mnt/saved", True)
    assert config.read_text() == before


def test_what_cannot_be_mounted_says_why(by_ssh: Shared, place: Path) -> None:
    (place / "file").touch()
    (place / "loop").symlink_to("loop")
    for name, words in (("file", "no directory"), ("loop", "loop")):
        done = by_ssh.limactl.run("mount", by_ssh.machine, f"{place / name}:/mnt/never")

        assert done.returncode == 1
        assert words in done.stderr, done.stderr
    assert "/mnt/never" not in by_ssh.states()


def test_a_directory_that_vanishes_is_told_and_comes_back(by_ssh: Shared, place: Path) -> None:
    location = place / "here"
    location.mkdir()
    (location / "file").write_text("host\n")
    by_ssh.limactl.ok("mount", by_ssh.machine, f"{location}:/mnt/vanishing")

    location.rename(place / "gone")
    wait_for("its state", lambda: by_ssh.states()["/mnt/vanishing"]["phase"] == "lost", 30)
    reason = by_ssh.states()["/mnt/vanishing"]["reason"]
    (place / "gone").rename(location)

    wait_for("its state", lambda: by_ssh.states()["/mnt/vanishing"]["phase"] == "mounted", 30)
    assert "does not exist any more" in reason
    assert by_ssh.script("cat /mnt/vanishing/file") == "host\n"
    by_ssh.limactl.ok("umount", by_ssh.machine, "/mnt/vanishing")


def test_a_machine_whose_kernel_has_no_9p_is_ready_with_a_warning(by_ssh: Shared) -> None:
    log = (by_ssh.limactl.home / by_ssh.machine / "ha.stderr.log").read_text()

    assert by_ssh.limactl.instance(by_ssh.machine)["config"]["mountType"] == "9p"
    assert by_ssh.limactl.status(by_ssh.machine) == "Running"
    assert "does not know 9p" in by_ssh.states()["/mnt/rw"]["reason"]
    assert "the guest's kernel does not know 9p" in log


@pytest.mark.parametrize("shared", ["virtiofs"], indirect=True, scope="session")
def test_mounts_are_there_again_after_a_reboot_of_the_guest(shared: Shared) -> None:
    """As after that of test_recovery.py, where they are by ssh; 9p is mounted in the way of virtiofs."""
    boot = "cat /proc/sys/kernel/random/boot_id"
    first = shared.script(boot)

    shared.limactl.run("shell", shared.machine, "sudo", "reboot")

    def has_booted() -> bool:
        done = shared.limactl.run("shell", shared.machine, "sh", "-c", boot, timeout=90)
        return done.returncode == 0 and done.stdout != first

    wait_for("another boot", has_booted, 300)
    shared.wait_until_back()
