from collections.abc import Mapping

import pytest

from limavm.driver.qemu import media, qmp
from limavm.driver.qemu.argv import options
from limavm.model.machine import Drive
from tests.unit.driver.qemu.machines import DIRECTORY, a_machine, a_qemu

ARCHIVE = Drive(path=f"{DIRECTORY}/a,b.tgz", format="raw", read_only=True, label="lima-containerd")


class Monitor:
    def __init__(self, refusal: Exception | None = None) -> None:
        self.commands: list[tuple[str, object]] = []
        self._refusal = refusal

    async def execute(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        self.commands.append((name, arguments))
        if self._refusal:
            raise self._refusal
        return {}


def test_a_medium_is_a_read_only_disk_behind_the_controller_of_the_seed() -> None:
    found = options(a_machine(media=(ARCHIVE,)), a_qemu())

    controller, medium = found.index("virtio-scsi,id=scsi0"), found.index(media.args(a_machine(media=(ARCHIVE,)))[1])
    assert controller < medium
    assert found[medium] == f"id=medium0,if=none,format=raw,readonly=on,file={DIRECTORY}/a,,b.tgz"
    assert found[medium + 2] == "scsi-hd,bus=scsi0.0,drive=medium0,id=media0,vendor=LIMA,product=lima-containerd"


def test_a_machine_without_media_has_nothing_of_it() -> None:
    assert media.args(a_machine()) == []


async def test_media_are_taken_out_while_the_machine_runs() -> None:
    monitor = Monitor()

    await media.remove(a_machine(media=(ARCHIVE, ARCHIVE)), monitor.execute)

    assert monitor.commands == [("device_del", {"id": "media0"}), ("device_del", {"id": "media1"})]


@pytest.mark.parametrize("error", [qmp.QMPLost("gone")])
async def test_one_that_cannot_be_taken_out_is_no_matter(error: Exception) -> None:
    monitor = Monitor(error)

    await media.remove(a_machine(media=(ARCHIVE,)), monitor.execute)

    assert len(monitor.commands) == 1
