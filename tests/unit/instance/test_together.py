"""Two commands at once on one instance, and commands that are killed: what is there afterwards is whole."""

import contextlib
import os
import select
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.errors import BusyError, UserError
from limavm.host.files import is_locked
from limavm.host.process import run
from limavm.instance import disks, snapshots
from limavm.instance.another import original_for
from limavm.instance.clone import clone
from limavm.instance.delete import delete
from limavm.instance.edit import opened, save
from limavm.instance.inspect import inspect
from limavm.instance.protect import protect, unprotect
from limavm.instance.pruning import prune
from limavm.instance.rename import rename
from limavm.instance.reset import factory_reset
from limavm.instance.start import StartOptions, launch
from limavm.instance.stop import stop
from limavm.store import disks as stored_disks
from limavm.store import instances
from tests.fakes.changes import forked
from tests.fakes.report import KeptReport
from tests.unit.instance.conftest import YAML

if sys.platform == "win32":
    pytest.skip("fork", allow_module_level=True)

REPORT = KeptReport()


def cloned() -> None:
    with original_for("twin", of="dev", done="cloned") as original:
        clone(original, "twin", original.text, report=REPORT)


def renamed() -> None:
    with original_for("web", of="dev", done="renamed") as original:
        rename(original, "web", original.text, report=REPORT)


def edited() -> None:
    with opened("dev") as original:
        save(original, original.text + b"# edited\n")


def unprotected() -> None:
    """Its file, which would keep others from their work, is there only for this one."""
    (Path(os.environ["LIMA_HOME"]) / "dev" / "protected").touch()
    unprotect("dev", report=REPORT)


def restarted() -> None:
    """What `limactl restart --force` does, without waiting for the guest."""
    stop("dev", force=True, report=REPORT)
    launch(inspect("dev"), StartOptions(), REPORT)


def imported() -> None:
    disks.import_file("copy", os.environ["LIMA_HOME"] + "/../image", report=REPORT)


COMMANDS: dict[str, Callable[[], object]] = {
    "start": lambda: launch(inspect("dev"), StartOptions(), REPORT),
    "stop": lambda: stop("dev", force=True, report=REPORT),
    "clone": cloned,
    "rename": renamed,
    "edit": edited,
    "protect": lambda: protect("dev", report=REPORT),
    "unprotect": lambda: unprotect("dev", report=REPORT),
    "restart": restarted,
    "create": lambda: snapshots.act("create", "dev", "two", report=REPORT),
    "apply": lambda: snapshots.act("apply", "dev", "one", report=REPORT),
    "remove": lambda: snapshots.act("delete", "dev", "one", report=REPORT),
    "reset": lambda: factory_reset("dev", report=REPORT),
    "delete": lambda: delete("dev", force=False, report=REPORT),
    "import": imported,
    "resize": lambda: disks.resize("data", 2 << 20, report=REPORT),
    "prune": lambda: prune(None, report=REPORT),
}
#: These hold no instance.
ELSEWHERE = {"import", "resize", "prune"}
#: These start a machine, which there is none for here: they come second only.
STARTING = {"start", "restart"}


@pytest.fixture
def used(dev: Path, home: Path) -> Path:
    """LIMA_HOME with an instance that has a disk with a snapshot, a cache, and a data disk."""
    (home.parent / "bin" / "qemu-img").unlink()  # the real one
    run(["qemu-img", "create", "-q", "-f", "qcow2", str(dev / "disk"), "1M"])
    run(["qemu-img", "snapshot", "-c", "one", str(dev / "disk")])
    for name in ("serial.log", "cidata.iso", "ga.sock"):
        (dev / name).write_text(name)
    disks.create("data", 1 << 20, "raw", report=REPORT)
    (home.parent / "image").write_bytes(b"data" * (1 << 18))
    entry = home.parent / "cache" / "lima" / "download" / "by-url-sha256" / ("0" * 64)
    entry.mkdir(parents=True)
    (entry / "data").write_bytes(b"image")
    return home


def tree(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.name != ".config-cache.json"
    }


@pytest.mark.parametrize("first", sorted(set(COMMANDS) - ELSEWHERE - STARTING))
def test_while_one_command_is_at_work_all_others_are_refused_and_change_nothing(used: Path, first: str) -> None:
    reached, tell = os.pipe()
    go, let = os.pipe()

    paused: list[int] = []

    def pause(number: int) -> None:
        if not paused and is_locked(str(used / "dev")):  # before, only the cache of the configuration is written
            paused.append(number)
            os.write(tell, b".")
            os.read(go, 1)

    child = forked(unprotected if first == "unprotect" else COMMANDS[first], pause)
    try:
        assert select.select([reached], [], [], 10)[0]
        before = tree(used)
        for name in sorted(set(COMMANDS) - ELSEWHERE):
            with pytest.raises(BusyError, match="another limactl command is"):
                COMMANDS[name]()
        assert tree(used) == before
        for name in sorted(ELSEWHERE):
            COMMANDS[name]()
    finally:
        os.write(let, b".")
        status = os.waitpid(child, 0)[1]
        for descriptor in (reached, tell, go, let):
            os.close(descriptor)
    assert os.waitstatus_to_exitcode(status) == 0


def ends(used: Path) -> str:
    """What the instances are, in short; raises when one of them is not whole."""
    for name in instances.names():
        found = inspect(name)
        assert not found.errors
        assert (used / name / "lima.yaml").read_bytes().startswith(YAML)
        if (disk := used / name / "disk").exists():
            assert disk.stat().st_size > 0
            assert snapshots.table(name) is not None
            run(["qemu-img", "check", "-q", str(disk)])
    if stored_disks.exists("copy"):
        assert Path(stored_disks.data_path("copy")).stat().st_size == 1 << 20
    assert (used.parent / "image").stat().st_size == 1 << 20
    return " ".join(instances.names())


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - STARTING - {"stop", "protect", "unprotect"}))
def test_a_command_that_is_killed_leaves_the_old_or_the_new_and_can_be_given_again(used: Path, name: str) -> None:
    saved = used.parent / "saved"
    shutil.copytree(used, saved, symlinks=True)
    afterwards = {"clone": "dev twin", "rename": "web", "delete": ""}.get(name, "dev")
    number = 0
    while True:
        number += 1 + number // 6  # not every one of many: each costs a process
        killed = number

        def kill(at: int, number: int = killed) -> None:
            if at == number:
                os.kill(os.getpid(), signal.SIGKILL)

        child = forked(COMMANDS[name], kill)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL)
        assert ends(used) in ("dev", afterwards)
        if status == 0:
            break
        with contextlib.suppress(UserError):  # it was done already
            COMMANDS[name]()
        assert ends(used) == afterwards
        instances.sweep()
        assert not [path for path in used.rglob("*") if path.name.endswith((".creating", ".deleting"))]
        shutil.rmtree(used)
        shutil.copytree(saved, used, symlinks=True)
    assert number > 1
