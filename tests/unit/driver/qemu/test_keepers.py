"""The processes that keep shares served, played by the test."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from limavm.driver.qemu.helpers import Helper
from limavm.driver.qemu.keepers import Keepers, State
from limavm.model.arch import Arch
from limavm.model.machine import Share
from tests.unit.driver.qemu.machines import a_machine
from tests.unit.driver.qemu.sharescene import Keeper

if sys.platform == "win32":
    pytest.skip("keepers speak over unix sockets", allow_module_level=True)

SHARE = Share(tag="lima-0", location="/srv")


def keepers(directory: Path) -> Keepers:
    machine = a_machine(Arch.X86_64, str(directory), share_type="virtiofs", shares=(SHARE,))

    async def start(helper: Helper) -> None:
        await Keeper(directory, int(helper.socket), SHARE).start()

    return Keepers(machine, lambda index, _: Helper(argv=(), socket=str(index)), start)


async def test_those_that_run_are_found_by_their_files(tmp_path: Path) -> None:
    for name in ("virtiofsd-2.status", "virtiofsd-10.status", "virtiofsd-1.sock", "virtiofsd-x.status"):
        (tmp_path / name).touch()

    assert keepers(tmp_path).indices() == [2, 10]


async def test_one_is_started_heard_and_ended(tmp_path: Path) -> None:
    found = keepers(tmp_path)
    await found.start(3, SHARE)

    heard = [state async for state in _until_told_to_end(found)]

    assert heard == [State(share=SHARE, connected=True, serving=True)]
    assert found.indices() == []


async def _until_told_to_end(found: Keepers) -> AsyncIterator[State]:
    async for state in found.told(3):
        yield state
        await found.end(3)


async def test_one_that_is_not_there_tells_nothing_and_needs_no_end(tmp_path: Path) -> None:
    found = keepers(tmp_path)

    await found.end(0)

    assert [state async for state in found.told(0)] == []


@pytest.mark.parametrize(
    ("state", "needs_help"), [((True, False), False), ((True, True), True), ((False, False), True)]
)
def test_a_share_needs_help_when_its_guest_has_to_begin_anew(state: tuple[bool, bool], needs_help: bool) -> None:
    connected, stale = state

    assert State(share=SHARE, connected=connected, stale=stale).needs_help is needs_help
