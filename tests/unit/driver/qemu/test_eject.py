from collections.abc import Mapping

import pytest

from limavm.driver.qemu import qmp
from limavm.driver.qemu.eject import eject
from tests.unit.driver.qemu.machines import a_machine
from tests.unit.driver.qemu.test_media import ARCHIVE


class Monitor:
    def __init__(self, refusal: Exception | None = None) -> None:
        self.commands: list[tuple[str, object]] = []
        self._refusal = refusal

    async def execute(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        self.commands.append((name, arguments))
        if self._refusal:
            raise self._refusal
        return {}


async def test_media_are_taken_out_while_the_machine_runs() -> None:
    monitor = Monitor()

    await eject(a_machine(media=(ARCHIVE, ARCHIVE)), monitor.execute)

    assert monitor.commands == [("device_del", {"id": "media0"}), ("device_del", {"id": "media1"})]


@pytest.mark.parametrize("error", [qmp.QMPLost("gone"), qmp.QMPRefused("out")])
async def test_one_that_cannot_be_taken_out_is_no_matter(error: Exception) -> None:
    monitor = Monitor(error)

    await eject(a_machine(media=(ARCHIVE,)), monitor.execute)

    assert len(monitor.commands) == 1
