"""What a factory reset removes, what stays, and in which order."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.errors import BusyError, UserError
from limavm.instance.inspect import inspect
from limavm.instance.reset import doomed, factory_reset
from limavm.model.instance import Status
from limavm.store import instances
from tests.fakes.report import KeptReport

MADE = [
    *("disk", "basedisk", "iso", "image", "kernel", "initrd", "kernel.cmdline", "cidata.iso", "ssh.config"),
    *("serial.log", "ha.stdout.log", "ha.stderr.log", "machine.json", "timings.json", "vncpassword", "vncdisplay"),
    *("qemu-efi-vars.fd", "vz-efi", "x.tmp", "ha.sock", ".config-cache.json"),
]


def test_what_starts_have_made_goes_and_what_the_instance_was_made_from_stays(dev: Path) -> None:
    before = (dev / "lima.yaml").read_bytes()
    for name in [*MADE, "vz-identifier", "lima.REJECTED.yaml", "notes.yml"]:
        (dev / name).write_text(name)

    factory_reset("dev", report=KeptReport())

    assert sorted(os.listdir(dev)) == [
        *("cloud-config.yaml", "lima-version", "lima.REJECTED.yaml", "lima.yaml", "notes.yml", "vz-identifier"),
    ]
    assert (dev / "lima.yaml").read_bytes() == before


def test_the_instance_is_as_after_its_creation(dev: Path) -> None:
    created = {path.name: path.read_bytes() for path in dev.iterdir() if path.name != ".config-cache.json"}
    (dev / "disk").write_text("data")
    (dev / "cloud-config.yaml").unlink()

    factory_reset("dev", report=KeptReport())

    assert {path.name: path.read_bytes() for path in dev.iterdir()} == created
    assert inspect("dev").status is Status.STOPPED


def test_the_disk_goes_before_its_image_and_the_image_before_the_kernel() -> None:
    names = ["a.log", "basedisk", "disk", "initrd", "kernel", "lima.yaml", "protected", "image"]

    assert doomed(names) == ["disk", "image", "basedisk", "a.log", "initrd", "kernel"]


def test_directories_of_a_run_and_of_the_machine_go(dev: Path) -> None:
    for name in ("cidata", "sock", "swtpm/deep"):
        (dev / name).mkdir(parents=True)
        (dev / name / "file").touch()
    (dev / "mnt").mkdir()

    factory_reset("dev", report=KeptReport())

    assert not [path for path in dev.iterdir() if path.is_dir()]


def test_directories_of_the_user_stay_and_are_told(dev: Path) -> None:
    (dev / "mine").mkdir()
    (dev / "mine" / "file").write_text("precious")
    report = KeptReport()

    factory_reset("dev", report=report)

    assert (dev / "mine" / "file").read_text() == "precious"
    assert [line for line in report.lines if line.startswith("warning")] == [
        f"warning: The directory {dev / 'mine'} stays: it is none that limactl makes"
    ]


def test_links_are_removed_and_not_followed(dev: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    (dev / "swtpm").symlink_to(tmp_path / "outside")
    (dev / "disk").symlink_to(tmp_path / "outside" / "file")

    factory_reset("dev", report=KeptReport())

    assert (tmp_path / "outside" / "file").exists()
    assert not (dev / "disk").is_symlink()
    assert not (dev / "swtpm").is_symlink()


def test_each_removed_file_is_told(dev: Path) -> None:
    (dev / "disk").touch()
    report = KeptReport()

    factory_reset("dev", report=report)

    assert f"debug: Removed {dev / 'disk'}" in report.lines
    assert report.lines[-1].startswith("info: Reset 'dev'")


#: Holds the PID file of a machine, and ignores every signal that can be ignored.
MACHINE = """
import signal, sys
from limavm.host.pidfile import held
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
with held(sys.argv[1]):
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_machine_that_runs_is_ended_at_once(dev: Path) -> None:
    (dev / "disk").touch()
    with subprocess.Popen(
        [sys.executable, "-c", MACHINE, str(dev / "qemu.pid")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as machine:
        assert machine.stdout
        machine.stdout.readline()

        factory_reset("dev", report=KeptReport())

        assert machine.wait(10) != 0
    assert not (dev / "disk").exists()
    assert not (dev / "qemu.pid").exists()


@pytest.mark.parametrize("name", ["protected", "locked"])
def test_a_machine_that_runs_goes_on_when_it_may_not_be_reset(dev: Path, name: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", MACHINE, str(dev / "qemu.pid")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as machine:
        assert machine.stdout
        machine.stdout.readline()
        with contextlib.ExitStack() as stack:
            if name == "protected":
                (dev / name).touch()
            else:
                stack.enter_context(instances.exclusive("dev"))

            with pytest.raises(UserError):
                factory_reset("dev", report=KeptReport())

        assert machine.poll() is None
        assert (dev / "qemu.pid").exists()


def test_a_protected_instance_is_left_alone(dev: Path) -> None:
    (dev / "protected").touch()
    (dev / "disk").touch()
    (dev / "ha.sock").touch()

    with pytest.raises(UserError, match="is protected"):
        factory_reset("dev", report=KeptReport())

    assert (dev / "disk").exists()
    assert (dev / "ha.sock").exists()


@pytest.mark.parametrize("with_directory", [False, True])
def test_a_missing_instance_is_only_told(home: Path, with_directory: bool) -> None:
    if with_directory:
        (home / "nope").mkdir()
        (home / "nope" / "disk").touch()
    report = KeptReport()

    factory_reset("nope", report=report)

    assert report.lines == ["info: There is no instance 'nope'; nothing to reset"]
    assert (home / "nope" / "disk").exists() == with_directory


def test_an_instance_on_which_another_command_is_at_work_is_left_alone(dev: Path) -> None:
    (dev / "disk").touch()

    with instances.exclusive("dev"), pytest.raises(BusyError):
        factory_reset("dev", report=KeptReport())

    assert (dev / "disk").exists()


def test_a_broken_instance_is_reset_without_a_new_reference(dev: Path) -> None:
    (dev / "lima.yaml").write_text("cpus: many\n")
    (dev / "disk").touch()
    report = KeptReport()

    factory_reset("dev", report=report)

    assert not (dev / "disk").exists()
    assert any(line.startswith("error: cloud-config.yaml was not made anew") for line in report.lines)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_what_cannot_be_removed_is_told_and_makes_the_command_fail(dev: Path) -> None:
    (dev / "disk").touch()
    dev.chmod(0o500)
    report = KeptReport()

    with pytest.raises(UserError, match="disk") as caught:
        factory_reset("dev", report=report)

    dev.chmod(0o700)
    assert "ls -ld" in (caught.value.hint or "")
    assert any(line.startswith("error: ") and "disk" in line for line in report.lines)
