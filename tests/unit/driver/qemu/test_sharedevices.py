"""The devices of shares, on a board that the test plays."""

from pathlib import Path

import pytest

from limavm.driver import ShareRefusedError
from limavm.driver.qemu import qmp
from limavm.driver.qemu.sharedevices import ShareDevices
from limavm.model.arch import Arch
from limavm.model.machine import Share
from tests.unit.driver.qemu.machines import a_machine
from tests.unit.driver.qemu.sharescene import Board

SHARE = Share(tag="lima-0", location="/srv")


def devices(directory: Path, board: Board, arch: Arch = Arch.X86_64) -> ShareDevices:
    return ShareDevices(a_machine(arch, str(directory), share_type="virtiofs", shares=(SHARE,)), board)


async def test_a_device_is_there_until_it_is_taken_out(tmp_path: Path) -> None:
    board = Board()
    found = devices(tmp_path, board)

    await found.plug(2, SHARE)
    assert await found.present() == {2: "lima-0"}
    assert await found.unplug(2)

    assert await found.present() == {}
    assert board.chardevs == set()


async def test_nothing_is_left_of_a_device_that_was_refused(tmp_path: Path) -> None:
    board = Board()
    board.refuses = "device_add"

    with pytest.raises(qmp.QMPRefused):
        await devices(tmp_path, board).plug(0, SHARE)

    assert board.chardevs == set()


def test_the_first_port_without_a_device_is_taken_and_their_number_is_told_of(tmp_path: Path) -> None:
    found = devices(tmp_path, Board())

    assert found.free({0, 1, 3}) == 2
    with pytest.raises(ShareRefusedError, match="no port left"):
        found.free(range(9))


def test_a_board_without_ports_has_devices_for_good(tmp_path: Path) -> None:
    assert not devices(tmp_path, Board(), Arch.S390X).pluggable
