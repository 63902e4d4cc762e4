"""A clone is complete or not there at all, and its original is as before."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.errors import BusyError, NotFoundError, UserError
from limavm.host import files, pidfile
from limavm.host.process import run
from limavm.images.disk import disk_format, ensure_disk
from limavm.instance.another import original_for
from limavm.instance.clone import clone, collisions
from limavm.instance.configuration import configuration
from limavm.instance.create import create
from limavm.instance.delete import delete
from limavm.instance.inspect import inspect
from limavm.model.config import Network
from limavm.model.instance import Status
from limavm.store import instances
from tests.fakes.report import KeptReport
from tests.unit.images.sparse import allocated
from tests.unit.images.test_layers import has, write
from tests.unit.instance.conftest import YAML

MIB = 1 << 20


def cloned(of: str, new: str, text: bytes | None = None) -> list[str]:
    """Clone an instance; returns what was reported."""
    report = KeptReport()
    with original_for(new, of=of, done="cloned") as original:
        clone(original, new, text or original.text, report=report)
    return report.lines


def content(directory: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != ".config-cache.json"
    }


@pytest.fixture
def used(dev: Path) -> Path:
    """The directory of an instance that has run."""
    (dev / "basedisk").write_bytes(b"base" * 1000)
    with open(dev / "disk", "wb") as disk:
        disk.truncate(64 * MIB)
        disk.seek(8 * MIB)
        disk.write(b"data" * 1000)
    os.chmod(dev / "disk", 0o640)
    (dev / "mine").mkdir(mode=0o750)
    (dev / "mine" / "notes").write_text("kept")
    (dev / "ssh.config").write_text("Host lima-dev\n  Port 60123\n")
    (dev / "ha.stderr.log").write_text("{}\n")
    (dev / "protected").write_text("")
    (dev / "ga.sock").write_text("")
    return dev


def test_a_clone_has_the_data_and_nothing_that_names_the_original(used: Path, home: Path) -> None:
    before = content(used)

    lines = cloned("dev", "twin")

    twin = home / "twin"
    assert content(used) == before
    assert set(content(twin)) == {"basedisk", "cloud-config.yaml", "disk", "lima-version", "lima.yaml", "mine/notes"}
    assert (twin / "disk").read_bytes() == before["disk"]
    assert (twin / "lima.yaml").read_bytes() == YAML
    assert (twin / "basedisk").stat().st_ino == (used / "basedisk").stat().st_ino
    assert (twin / "disk").stat().st_ino != (used / "disk").stat().st_ino
    assert [path.stat().st_mode & 0o777 for path in (twin, twin / "disk", twin / "mine")] == [0o700, 0o640, 0o750]
    assert lines == [f"info: Cloned 'dev' to 'twin' ({twin})"]


def test_holes_of_the_disk_stay_holes(used: Path, home: Path) -> None:
    cloned("dev", "twin")

    assert allocated(home / "twin" / "disk") < 2 * MIB


def test_a_clone_is_an_instance_that_was_never_started(used: Path, home: Path) -> None:
    cloned("dev", "twin")

    found = inspect("twin")
    assert found.status is Status.STOPPED
    assert (found.hostname, found.ssh_local_port, found.protected, found.errors) == ("lima-twin", 0, False, ())
    assert found.message.startswith("hello from twin (3 CPUs")
    delete("twin", force=False, report=KeptReport())
    assert instances.names() == ["dev"]


def test_an_instance_without_a_disk_is_cloned_too(dev: Path, home: Path) -> None:
    cloned("dev", "twin")

    assert sorted(content(home / "twin")) == sorted(content(dev))


def test_a_clone_of_a_clone_has_a_disk_of_its_own(used: Path, home: Path) -> None:
    cloned("dev", "twin")
    cloned("twin", "third")
    (home / "twin" / "disk").write_bytes(b"overwritten")

    assert (home / "third" / "disk").stat().st_size == 64 * MIB
    assert (used / "disk").stat().st_size == 64 * MIB


@pytest.mark.skipif(sys.platform == "win32", reason="what a file takes is not told")
@pytest.mark.parametrize("last", ["dev", "twin", "third"])
def test_clones_of_a_full_disk_take_no_space_and_do_not_need_one_another(last: str, dev: Path, home: Path) -> None:
    (home.parent / "bin" / "qemu-img").unlink()  # the real one
    (dev / "basedisk").write_bytes(bytes(MIB))
    ensure_disk(str(dev), 100 << 30)
    write(dev / "disk", 1, 0, 64 * MIB)
    before = usage(home)

    cloned("dev", "twin")
    write(home / "twin" / "disk", 2, 32 * MIB, 8 * MIB)
    grown = usage(home) - before
    cloned("twin", "third")

    assert grown < 4 * MIB + 8 * MIB
    assert usage(home) - before - grown < 4 * MIB
    for name in {"dev", "twin", "third"} - {last}:
        delete(name, force=False, report=KeptReport())
    disk = home / last / "disk"
    assert disk_format(str(disk)) == "qcow2"
    assert has(disk, 1, 0, 32 * MIB)
    assert has(disk, 1 if last == "dev" else 2, 32 * MIB)


def usage(directory: Path) -> int:
    """Bytes that everything in a directory takes, each file once."""
    return sum({path.stat().st_ino: allocated(path) for path in directory.rglob("*") if path.is_file()}.values())


def test_the_text_of_the_clone_is_the_one_given(used: Path, home: Path) -> None:
    cloned("dev", "twin", YAML.replace(b"cpus: 3", b"cpus: 1"))

    assert inspect("twin").cpus == 1
    assert inspect("dev").cpus == 3


def test_a_link_to_a_text_elsewhere_becomes_a_text_of_the_clone(used: Path, home: Path, tmp_path: Path) -> None:
    (used / "lima.yaml").rename(tmp_path / "mine.yaml")
    (used / "lima.yaml").symlink_to(tmp_path / "mine.yaml")

    cloned("dev", "twin", YAML.replace(b"cpus: 3", b"cpus: 1"))

    assert (tmp_path / "mine.yaml").read_bytes() == YAML
    assert not (home / "twin" / "lima.yaml").is_symlink()


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ("dev", "its own name"),
        ("taken", "exists already"),
        ("a/b", "not made of letters"),
        ("", "empty"),
        ("twin.yaml", "YAML file"),
        ("x" * 77, "longer"),
    ],
)
def test_a_name_that_will_not_do_is_refused(new: str, problem: str, used: Path, home: Path) -> None:
    create("taken", YAML, report=KeptReport())

    with pytest.raises(UserError, match=problem):
        cloned("dev", new)

    assert instances.names() == ["dev", "taken"]


def test_a_name_that_is_too_long_for_sockets_is_refused(used: Path, home: Path) -> None:
    with pytest.raises(UserError, match="too long for sockets"):
        cloned("dev", "x" * 76)


def test_a_missing_original_is_told(home: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no instance 'nope'"):
        cloned("nope", "twin")


@pytest.mark.parametrize("yaml", [YAML, b"cpus: many\n"])
def test_a_running_original_is_refused_even_when_it_cannot_be_read(yaml: bytes, used: Path) -> None:
    (used / "lima.yaml").write_bytes(yaml)

    with pidfile.held(str(used / "ha.pid")), pytest.raises(UserError, match="is running") as caught:
        cloned("dev", "twin")

    assert "limactl stop dev" in str(caught.value.hint)


def test_an_original_that_cannot_be_read_is_refused(used: Path, home: Path) -> None:
    (used / "lima.yaml").write_text("cpus: many\n")

    with pytest.raises(UserError, match="cpus"):
        cloned("dev", "twin")

    assert instances.names() == ["dev"]


def test_only_one_command_at_a_time_is_at_work_on_the_original(used: Path) -> None:
    with instances.exclusive("dev"), pytest.raises(BusyError, match="another limactl command is at work on"):
        cloned("dev", "twin")


def test_only_one_command_at_a_time_makes_the_clone(used: Path) -> None:
    with instances.created("twin"), pytest.raises(BusyError, match="another limactl command is making 'twin'"):
        cloned("dev", "twin")


def test_what_only_one_of_the_two_can_use_is_warned_about(used: Path) -> None:
    config = configuration(str(used))
    networks = (Network(lima="shared", mac_address="52:55:55:00:00:01"),)
    original = replace(config, ssh=replace(config.ssh, local_port=2222), networks=networks)

    port, mac = collisions(original, original, "dev", "twin")

    assert "port 2222" in port
    assert "--ssh-port=0 twin" in port
    assert "52:55:55:00:00:01" in mac
    assert collisions(config, config, "dev", "twin") == []
    assert collisions(original, config, "dev", "twin") == []


CHILD = """
import sys
from limavm.instance.another import original_for
from limavm.instance.clone import clone
from tests.fakes.report import KeptReport
if len(sys.argv) > 1:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
with original_for("twin", of="dev", done="cloned") as original:
    print("held", flush=True)
    clone(original, "twin", original.text, report=KeptReport())
"""

if sys.platform != "win32":

    def full(directory: Path) -> None:
        """Give the disk enough data that a kill has something to hit."""
        (directory / "disk").write_bytes(random.Random(1).randbytes(48 * MIB))

    @pytest.mark.parametrize("seed", range(6))
    def test_a_kill_at_a_random_instant_leaves_the_original_and_a_whole_clone_or_none(
        seed: int, used: Path, home: Path
    ) -> None:
        full(used)
        before = content(used)
        with subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE) as running:
            assert running.stdout
            assert running.stdout.readline() == b"held\n"
            try:
                running.wait(random.Random(seed).uniform(0.0, 0.12))
            except subprocess.TimeoutExpired:
                running.send_signal(signal.SIGKILL)

        if "twin" not in instances.names():
            cloned("dev", "twin")

        assert content(used) == before
        assert (home / "twin" / "disk").read_bytes() == before["disk"]
        assert inspect("twin").status is Status.STOPPED
        cloned("dev", "third")
        assert sorted(path.name for path in home.iterdir()) == ["_config", "dev", "third", "twin"]

    def test_a_disk_that_is_full_leaves_nothing(used: Path, home: Path) -> None:
        full(used)
        before = content(used)

        done = subprocess.run([sys.executable, "-c", CHILD, str(20 * MIB)], capture_output=True, text=True, check=False)

        assert "UserError: the instance 'twin' cannot be made, and nothing is left of it: File too large" in done.stderr
        assert "ulimit -f" in done.stderr
        assert content(used) == before
        assert sorted(path.name for path in home.iterdir()) == ["_config", "dev"]


def test_a_full_host_is_told_in_the_words_of_the_tool_with_what_to_do(dev: Path, home: Path) -> None:
    tool = home.parent / "bin" / "qemu-img"
    tool.unlink()  # the real one
    run(["qemu-img", "create", "-q", "-f", "raw", str(dev / "basedisk"), "1M"])
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(dev / "basedisk"), str(dev / "disk"), "1M"])
    tool.write_text("#!/bin/sh\necho 'qemu-img: No space left on device' >&2\nexit 1\n")
    tool.chmod(0o755)
    before = content(dev)

    with pytest.raises(UserError, match="'twin' cannot be made, and nothing is left of it: qemu-img failed") as caught:
        cloned("dev", "twin")

    assert caught.value.hint
    assert "make room" in caught.value.hint
    assert content(dev) == before
    assert sorted(path.name for path in home.iterdir() if path.name != "_config") == ["dev"]


def test_a_disk_with_snapshots_is_copied_as_a_whole_and_that_is_told(dev: Path, home: Path) -> None:
    (home.parent / "bin" / "qemu-img").unlink()  # the real one
    run(["qemu-img", "create", "-q", "-f", "qcow2", str(dev / "disk"), "1M"])
    run(["qemu-img", "snapshot", "-c", "one", str(dev / "disk")])
    shared = files.shares_extents(str(dev / "disk"), str(dev))

    lines = cloned("dev", "twin")

    assert any("holds snapshots (1)" in line for line in lines) != shared
    assert b"one" in run(["qemu-img", "snapshot", "-l", str(home / "twin" / "disk")])
