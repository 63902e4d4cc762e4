"""A machine with virtiofs shares, whose monitor and keepers are played by the test."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from limavm.driver.qemu import qmp
from limavm.driver.qemu.helpers import Helper
from limavm.driver.qemu.shares import Shares
from limavm.model.arch import Arch
from limavm.model.machine import Share
from tests.unit.driver.qemu.machines import a_machine


class Board:
    """What a monitor knows: devices by name, and what it was told, in order."""

    def __init__(self) -> None:
        self.devices: dict[str, str] = {}
        #: Whether a device that is to be taken out goes only while it is looked at, and those that do.
        self.lingers = False
        self.leaving: set[str] = set()
        self.chardevs: set[str] = set()
        self.told: list[str] = []
        self.refuses = ""
        #: Whether the connection breaks when a device is to be taken out.
        self.loses = False
        #: A command that is never answered.
        self.hangs = ""
        self.lives = lambda: True

    async def execute(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        given = arguments or {}
        what = str(given.get("id"))
        await self._go_wrong(name)
        match name:
            case "qom-list":
                return [{"name": "type"}, *({"name": device} for device in self.devices)]
            case "qom-get":
                device = str(given["path"]).rpartition("/")[2]
                if device in self.leaving:
                    self.devices.pop(device)
                    raise qmp.QMPRefused(f"Device '{device}' not found")
                return self.devices[device]
            case "chardev-remove":
                if what not in self.chardevs:
                    raise qmp.QMPRefused("there is none")
                self.chardevs.remove(what)
            case "chardev-add":
                self.chardevs.add(what)
            case "device_add":
                self.devices[what] = str(given["tag"])
            case "device_del":
                if self.lingers:
                    self.leaving.add(what)
                else:
                    self.devices.pop(what, None)
            case _:
                raise AssertionError(name)
        self.told.append(f"{name} {what}")
        return {}

    async def _go_wrong(self, name: str) -> None:
        if name == self.hangs:
            await asyncio.Event().wait()
        if name == self.refuses:
            raise qmp.QMPRefused(f"{name}: no")
        if name == "device_del" and self.loses:
            raise qmp.QMPLost("it has hung up")


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
        if sys.platform != "win32":
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

    def __init__(self, directory: Path, arch: Arch = Arch.X86_64, *, limit: float = 60.0) -> None:
        self.directory = directory
        self.first = Share(tag="lima-first", location=str(directory))
        machine = a_machine(arch, str(directory), share_type="virtiofs", shares=(self.first,))
        self.board = Board()
        self.board.devices["share-0"] = "lima-first"
        self.board.chardevs.add("char-virtiofs-0")
        self.keepers = {0: Keeper(directory, 0, self.first)}
        self.shares = Shares(machine, self.board, self._helper, self._start, limit=limit)
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


async def watched(scene: Scene) -> AsyncIterator[Scene]:
    """The scene, with somebody who looks after its shares."""
    await scene.keepers[0].start()
    scene.watching = watching = asyncio.create_task(scene.shares.watch())
    await scene.keepers[0].met.wait()
    yield scene
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    for keeper in scene.keepers.values():
        keeper.hang_up()
