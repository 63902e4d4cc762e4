"""What a helper of QEMU has to bring; how QEMU itself starts is in test_run.py."""

import sys
from pathlib import Path

import pytest

from limavm.driver.qemu.helpers import Helper
from limavm.driver.qemu.launched import qmp_path, wait_for_socket
from limavm.errors import UserError
from limavm.host import process
from limavm.model.arch import Arch
from tests.unit.driver.qemu.machines import a_machine


def helper(directory: Path, script: str) -> Helper:
    return Helper(argv=(sys.executable, "-c", script, str(directory / "v.sock")), socket=str(directory / "v.sock"))


async def test_a_helper_is_ready_when_its_socket_is_there(tmp_path: Path) -> None:
    one = helper(tmp_path, "import sys; open(sys.argv[1], 'w').close(); input()")
    child = process.detached(one.argv, stdout=str(tmp_path / "log"), stderr=str(tmp_path / "log"))

    try:
        await wait_for_socket(one, child)
    finally:
        process.end(child)

    assert (tmp_path / "v.sock").exists()


async def test_a_helper_that_ends_at_once_is_named(tmp_path: Path) -> None:
    one = helper(tmp_path, "raise SystemExit(3)")
    child = process.detached(one.argv, stdout=str(tmp_path / "log"), stderr=str(tmp_path / "log"))

    with pytest.raises(UserError, match=r"ended at once \(status 3\)") as caught:
        await wait_for_socket(one, child)

    assert "SystemExit" in str(caught.value.where)


def test_the_monitor_is_in_the_directory_of_the_instance() -> None:
    assert qmp_path(a_machine(Arch.X86_64, "/srv/dev")) == "/srv/dev/qmp.sock"
