"""Snapshots by name of an instance; the machine that runs is a fake one behind a real socket elsewhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from limavm.errors import BusyError, NotFoundError, UserError
from limavm.images import snapshots as offline
from limavm.instance import snapshots
from limavm.store import containerd, instances
from tests.fakes.report import KeptReport

ROOT = Path(__file__).parents[3]
#: A host agent whose machine has the snapshot `one`, until its standard input ends.
AGENT = """
import asyncio, sys
from limavm.host.pidfile import held
from limavm.hostagent.api import json_response, serving
from limavm.hostagent.client import Info
from limavm.hostagent.snapshots import snapshot_actions
from tests.fakes.machine import FakeMachine

async def applied():
    pass

async def main(directory):
    vm = FakeMachine()
    await vm.create_snapshot("one")
    routes = {"/v1/info": lambda _: json_response(Info(ssh_local_port=4022))}
    async with serving(directory + "/ha.sock", routes, snapshot_actions(vm, applied)):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)

with held(sys.argv[1] + "/ha.pid"), held(sys.argv[1] + "/qemu.pid"):
    asyncio.run(main(sys.argv[1]))
"""
TABLE = "ID        TAG     VM SIZE\n--        one     1 MiB\n2         two     0 B\n"


def test_the_tags_are_the_second_column() -> None:
    assert snapshots.tags(TABLE) == ["one", "two"]
    assert snapshots.tags("") == []
    with pytest.raises(UserError, match="another form"):
        snapshots.tags("a b c\n")


@pytest.mark.parametrize("tag", ["", "a b", "a\nb", "x" * 256])
def test_what_cannot_name_a_snapshot_is_refused(tag: str) -> None:
    with pytest.raises(UserError, match="tag"):
        snapshots.check_tag(tag)


def test_an_instance_that_was_never_started_has_none(dev: Path) -> None:
    assert snapshots.table("dev") == ""
    with pytest.raises(UserError, match="no disk"):
        snapshots.act("create", "dev", "one", report=KeptReport())


def test_a_missing_instance_is_told(home: Path) -> None:
    with pytest.raises(NotFoundError):
        snapshots.act("apply", "nope", "one", report=KeptReport())


def test_two_commands_at_once_do_not_meet(dev: Path) -> None:
    with instances.exclusive("dev"), pytest.raises(BusyError):
        snapshots.act("create", "dev", "one", report=KeptReport())


@pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")
@pytest.mark.parametrize(("work", "is_known"), [("apply", False), ("delete", True)])
def test_nobody_knows_what_containerd_a_running_machine_has_when_it_went_back(
    dev: Path, work: snapshots.Work, is_known: bool
) -> None:
    containerd.save(str(dev), containerd.Containerd(source="x", version="y", installed=True))
    argv = [sys.executable, "-c", AGENT, str(dev)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as agent:
        assert agent.stdout
        agent.stdout.readline()

        snapshots.act(work, "dev", "one", report=KeptReport())

        agent.communicate(timeout=10)
    assert (containerd.load(str(dev)) is not None) is is_known


@pytest.mark.parametrize(("work", "is_told"), [("create", True), ("apply", True), ("delete", False)])
def test_a_snapshot_of_a_stopped_machine_is_not_about_its_firmware(
    work: snapshots.Work, is_told: bool, dev: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline, work, lambda *_: None)  # what it does to a disk is tested beside it
    (dev / "qemu-efi-vars.fd").write_bytes(b"boot entries")
    report = KeptReport()

    snapshots.act(work, "dev", "one", report=report)

    assert any("not about the variables of its UEFI firmware" in line for line in report.lines) == is_told
    assert (dev / "qemu-efi-vars.fd").read_bytes() == b"boot entries"
