"""The connection to a monitor, when it is lost and when nobody answers; with a QEMU that runs see test_run."""

import asyncio
import sys
from pathlib import Path

import pytest

from limavm.driver.qemu import qmp
from limavm.driver.qemu.control import Control
from tests.unit.driver.qemu.test_qmp import obey, serving

if sys.platform == "win32":
    pytest.skip("the fake speaks over a unix socket", allow_module_level=True)


async def test_many_who_ask_at_once_connect_once(tmp_path: Path) -> None:
    connections = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await obey(reader, writer)

    async with serving(tmp_path, count) as path:
        control = Control(path, lambda: True)
        answers = await asyncio.gather(*(control.ask("info") for _ in range(20)), return_exceptions=True)
        await control.close()

    assert {type(answer) for answer in answers} == {qmp.QMPRefused}
    assert connections == 1


async def test_one_failure_is_told_to_all_who_wait_and_once_to_the_user(tmp_path: Path) -> None:
    connections = 0

    async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1

    async with serving(tmp_path, hang_up) as path:
        control = Control(path, lambda: True)
        storms = [
            await asyncio.gather(*(control.ask("info") for _ in range(20)), return_exceptions=True) for _ in range(2)
        ]

    assert {type(answer) for answers in storms for answer in answers} == {qmp.QMPLost}
    assert connections == 2
    assert len(control.warnings) == 1


async def test_a_qemu_that_has_ended_is_not_connected_to(tmp_path: Path) -> None:
    control = Control(str(tmp_path / "qmp.sock"), lambda: False)

    with pytest.raises(qmp.QMPLost, match="ended"):
        await control.ask("info")

    assert control.warnings == []
