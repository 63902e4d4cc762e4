"""What is said of a QEMU that has ended; a shell stands for it here, test_run.py has one with a monitor."""

import asyncio
import sys
from pathlib import Path

import pytest

from limavm.driver.qemu import running
from limavm.driver.qemu.control import Control
from limavm.driver.qemu.fate import Fate
from limavm.driver.qemu.launch import LOG
from limavm.driver.qemu.notices import Notices
from limavm.host import process
from limavm.model.arch import Arch
from tests.unit.driver.qemu.machines import a_machine

if sys.platform == "win32":
    pytest.skip("QEMU is played by a shell", allow_module_level=True)


@pytest.mark.parametrize(
    ("script", "killed", "said"),
    [
        ("exit 0", False, None),
        ("echo no memory; exit 3", False, "QEMU ended unexpectedly (exit status 3): no memory"),
        ("exit 3", True, None),
    ],
)
async def test_an_end_that_nobody_wanted_is_told_with_the_last_words(
    tmp_path: Path, script: str, killed: bool, said: str | None
) -> None:
    machine = a_machine(Arch.X86_64, str(tmp_path))
    log = str(tmp_path / LOG)
    one = running.ours(machine, process.detached(["sh", "-c", script], stdout=log, stderr=log))
    fate = Fate(machine, one, Control(str(tmp_path / "qmp.sock"), one.lives), Notices(), killed=killed)

    assert await fate.known(_for_ever()) == said


async def _for_ever() -> None:
    await asyncio.Event().wait()
