"""The virtiofs shares of a machine that runs, added and taken away."""

import asyncio
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.driver import ShareRefusedError
from limavm.errors import UserError
from limavm.model.machine import Share
from tests.unit.driver.qemu.sharescene import Scene

if sys.platform == "win32":
    pytest.skip("the shares speak over unix sockets", allow_module_level=True)


async def test_a_share_is_added_at_the_first_free_port(scene: Scene) -> None:
    await scene.shares.add(Share(tag="lima-more", location=str(scene.directory)))

    assert scene.board.devices == {"share-0": "lima-first", "share-1": "lima-more"}


async def test_adding_what_is_there_is_harmless(scene: Scene) -> None:
    await scene.shares.add(scene.first)

    assert scene.board.told == []


async def test_a_directory_that_is_none_is_refused(scene: Scene) -> None:
    with pytest.raises(UserError, match="does not exist"):
        await scene.shares.add(Share(tag="lima-more", location=str(scene.directory / "absent")))


async def test_nothing_is_left_of_a_share_that_qemu_refused(scene: Scene) -> None:
    scene.board.refuses = "device_add"

    with pytest.raises(ShareRefusedError, match="QEMU refused"):
        await scene.shares.add(Share(tag="lima-more", location=str(scene.directory)))

    await asyncio.wait_for(scene.keepers[1].ended.wait(), 20)
    assert not scene.keepers[1].path.exists()
    assert scene.board.chardevs == {"char-virtiofs-0"}


async def test_a_share_that_is_there_with_other_rights_is_replaced(scene: Scene) -> None:
    before = scene.keepers[0]
    before.say(serving=False)
    assert await scene.told() == ("lima-first", False)

    await scene.shares.add(replace(scene.first, writable=True))

    assert before.ended.is_set()
    assert scene.board.devices == {"share-0": "lima-first"}
    assert scene.keepers[0].share.writable


async def test_a_share_that_could_not_be_taken_back_is_looked_after_as_before(scene: Scene) -> None:
    scene.board.loses = True
    with pytest.raises(ShareRefusedError, match="does not answer"):
        await scene.shares.remove("lima-first")
    scene.board.loses = False

    scene.keepers[0].say(stale=True, deaths=1)

    assert await scene.told() == ("lima-first", False)


async def test_a_share_is_taken_back_with_its_keeper(scene: Scene) -> None:
    await scene.shares.remove("lima-first")

    assert scene.board.devices == {}
    assert scene.board.chardevs == set()
    assert scene.keepers[0].ended.is_set()
    assert scene.heard.empty()


async def test_a_device_that_goes_while_it_is_looked_at_is_gone(scene: Scene) -> None:
    await scene.shares.add(Share(tag="lima-more", location=str(scene.directory)))
    scene.board.lingers = True

    await scene.shares.remove("lima-more")

    assert scene.board.devices == {"share-0": "lima-first"}
    assert scene.board.chardevs == {"char-virtiofs-0"}
    assert scene.keepers[1].ended.is_set()


async def test_taking_back_what_is_not_there_is_harmless(scene: Scene) -> None:
    await scene.shares.remove("lima-other")

    assert scene.board.told == []


async def test_a_machine_without_ports_refuses(without_ports: Scene) -> None:
    assert not without_ports.shares.hotplug
    with pytest.raises(ShareRefusedError):
        await without_ports.shares.add(without_ports.first)
    with pytest.raises(ShareRefusedError):
        await without_ports.shares.remove("lima-first")


async def test_a_monitor_that_hangs_is_given_up_and_the_next_change_is_made(tmp_path: Path) -> None:
    scene = Scene(tmp_path, limit=1.0)
    await scene.keepers[0].start()
    more = Share(tag="lima-more", location=str(tmp_path))
    for command, change in (("chardev-add", scene.shares.add(more)), ("qom-list", scene.shares.remove("lima-first"))):
        scene.board.hangs = command
        with pytest.raises(ShareRefusedError, match="QEMU has not done it within 1 s"):
            await change
    assert not (tmp_path / "virtiofsd-1.status").exists()
    scene.board.hangs = ""

    await scene.shares.add(more)

    assert scene.board.devices == {"share-0": "lima-first", "share-1": "lima-more"}
    for keeper in scene.keepers.values():
        keeper.hang_up()
