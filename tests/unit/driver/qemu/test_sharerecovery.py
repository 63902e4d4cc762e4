"""Shares whose daemon or keeper has died; keepers and monitor are played by the test."""

import asyncio
import logging
import sys

import pytest

from limavm.errors import UserError
from tests.unit.driver.qemu.sharescene import Scene

if sys.platform == "win32":
    pytest.skip("the shares speak over unix sockets", allow_module_level=True)


async def test_a_share_whose_daemon_has_died_is_plugged_out_and_in(scene: Scene) -> None:
    scene.keepers[0].say(stale=True, deaths=1, reason="it was killed")

    assert await scene.told() == ("lima-first", False)
    while "device_add share-0" not in scene.board.told:
        await asyncio.sleep(0)
    scene.keepers[0].say(deaths=1)
    assert await scene.told() == ("lima-first", True)
    assert scene.board.told == [
        "device_del share-0",
        "chardev-remove char-virtiofs-0",
        "chardev-add char-virtiofs-0",
        "device_add share-0",
    ]


async def test_a_board_without_ports_waits_for_the_guest(without_ports: Scene) -> None:
    without_ports.keepers[0].say(stale=True, deaths=1)

    assert await without_ports.told() == ("lima-first", False)
    assert await without_ports.told() == ("lima-first", True)
    assert without_ports.board.told == []


async def test_a_keeper_that_was_killed_is_started_again(scene: Scene) -> None:
    scene.keepers[0].hang_up()

    assert await scene.told() == ("lima-first", False)
    assert await scene.told() == ("lima-first", True)
    assert scene.board.devices == {"share-0": "lima-first"}


@pytest.mark.parametrize("refusal", [UserError("virtiofsd is not installed"), OSError("too many files")])
async def test_a_keeper_that_cannot_be_started_again_ends_nothing_else(scene: Scene, refusal: Exception) -> None:
    scene.refusal = refusal
    scene.keepers[0].hang_up()
    await scene.refused.wait()

    await scene.shares.remove("lima-first")

    assert not scene.watching.done()


async def test_a_keeper_whose_device_qemu_refused_is_ended_before_another_one_is_started(scene: Scene) -> None:
    scene.board.refuses = "device_add"
    first = scene.keepers[0]
    first.hang_up()
    while scene.keepers[0] is first:
        await asyncio.sleep(0)

    await asyncio.wait_for(scene.keepers[0].ended.wait(), 20)

    assert scene.board.chardevs == set()


async def test_the_end_of_the_machine_is_no_news_of_its_shares(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """QEMU hangs up on a keeper before it has ended."""
    caplog.set_level(logging.DEBUG)
    scene.board.loses = True

    scene.keepers[0].say(connected=False)
    while "cannot be served again yet: it has hung up" not in caplog.text:
        await asyncio.sleep(0)

    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
