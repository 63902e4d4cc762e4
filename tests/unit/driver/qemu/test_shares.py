"""The virtiofs shares of a machine that runs; keepers and monitor are played by the test."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from limavm.driver import ShareRefusedError
from limavm.driver.qemu import qmp
from limavm.driver.qemu.helpers import Helper
from limavm.driver.qemu.shares import Shares
from limavm.errors import UserError
from limavm.model.arch import Arch
from limavm.model.machine import Share
from tests.unit.driver.qemu.machines import a_machine

if sys.platform == "win32":
    pytest.skip("the shares speak over unix sockets", allow_module_level=True)


class Board:
    """What a monitor knows: devices by name, and what it was told, in order."""

    def __init__(self) -> None:
        self.devices: dict[str, str] = {}
        self.chardevs: set[str] = set()
        self.told: list[str] = []
        self.refuses = ""
        self.lives = lambda: True

    async def execute(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        given = arguments or {}
        what = str(given.get("id"))
        if name == self.refuses:
            raise qmp.QMPRefused(f"{name}: no")
        match name:
            case "qom-list":
                return [{"name": "type"}, *({"name": device} for device in self.devices)]
            case "qom-get":
                return self.devices[str(given["path"]).rpartition("/")[2]]
            case "chardev-remove":
                if what not in self.chardevs:
                    raise qmp.QMPRefused("there is none")
                self.chardevs.remove(what)
            case "chardev-add":
                self.chardevs.add(what)
            case "device_add":
                self.devices[what] = str(given["tag"])
            case "device_del":
                self.devices.pop(what, None)
            case _:
                raise AssertionError(name)
        self.told.append(f"{name} {what}")
        return {}


class Keeper:
    """The status socket of one share."""

    def __init__(self, directory: Path, index: int, share: Share) -> None:
        self.path = directory / f"virtiofsd-{index}.status"
        self.share = share
        self.writers: list[asyncio.StreamWriter] = []
        self.met = asyncio.Event()
        self.ended = asyncio.Event()
        self.server: asyncio.Server | None = None

    async def start(self) -> None:
        self.server = await asyncio.start_unix_server(self._meet, self.path)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.met.set()
        self.say(writer=writer)
        if (await reader.readline()) == b"end\n":
            self.ended.set()
            self.path.unlink()
            self.hang_up()

    def say(self, *, writer: asyncio.StreamWriter | None = None, **state: object) -> None:
        share = {"tag": self.share.tag, "location": self.share.location, "writable": self.share.writable}
        line = json.dumps({"share": share, "connected": True, "serving": True, **state}).encode() + b"\n"
        for one in [writer] if writer else self.writers:
            one.write(line)

    def hang_up(self) -> None:
        if self.server:
            self.server.close()
        for writer in self.writers:
            writer.close()
        self.writers.clear()


class Scene:
    watching: asyncio.Task[None]

    def __init__(self, directory: Path, arch: Arch = Arch.X86_64) -> None:
        self.directory = directory
        self.first = Share(tag="lima-first", location=str(directory))
        machine = a_machine(arch, str(directory), share_type="virtiofs", shares=(self.first,))
        self.board = Board()
        self.board.devices["share-0"] = "lima-first"
        self.board.chardevs.add("char-virtiofs-0")
        self.keepers = {0: Keeper(directory, 0, self.first)}
        self.shares = Shares(machine, self.board, self._helper, self._start)
        self.refusal: Exception | None = None
        self.refused = asyncio.Event()
        self.heard: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self.shares.callbacks.append(lambda tag, alive: self.heard.put_nowait((tag, alive)))

    def _helper(self, index: int, share: Share) -> Helper:
        self.keepers[index] = Keeper(self.directory, index, share)
        return Helper(argv=(str(index),), socket=str(index))

    async def _start(self, helper: Helper) -> None:
        if self.refusal:
            self.refused.set()
            raise self.refusal
        await self.keepers[int(helper.socket)].start()

    async def told(self) -> tuple[str, bool]:
        async with asyncio.timeout(20):
            return await self.heard.get()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    found = Scene(tmp_path)
    async for one in _watched(found):
        yield one


@pytest.fixture
async def without_ports(tmp_path: Path) -> AsyncIterator[Scene]:
    async for one in _watched(Scene(tmp_path, Arch.S390X)):
        yield one


async def _watched(scene: Scene) -> AsyncIterator[Scene]:
    await scene.keepers[0].start()
    scene.watching = watching = asyncio.create_task(scene.shares.watch())
    await scene.keepers[0].met.wait()
    yield scene
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    for keeper in scene.keepers.values():
        keeper.hang_up()


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


async def test_a_share_is_taken_back_with_its_keeper(scene: Scene) -> None:
    await scene.shares.remove("lima-first")

    assert scene.board.devices == {}
    assert scene.board.chardevs == set()
    assert scene.keepers[0].ended.is_set()
    assert scene.heard.empty()


async def test_taking_back_what_is_not_there_is_harmless(scene: Scene) -> None:
    await scene.shares.remove("lima-other")

    assert scene.board.told == []


async def test_a_machine_without_ports_refuses(without_ports: Scene) -> None:
    assert not without_ports.shares.hotplug
    with pytest.raises(ShareRefusedError):
        await without_ports.shares.add(without_ports.first)
    with pytest.raises(ShareRefusedError):
        await without_ports.shares.remove("lima-first")
