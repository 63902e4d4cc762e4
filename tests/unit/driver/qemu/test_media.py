from limavm.driver.qemu import media
from limavm.driver.qemu.argv import options
from limavm.model.machine import Drive
from tests.unit.driver.qemu.machines import DIRECTORY, a_machine, a_qemu

ARCHIVE = Drive(path=f"{DIRECTORY}/a,b.tgz", format="raw", read_only=True, label="lima-containerd")


def test_a_medium_is_a_read_only_disk_behind_the_controller_of_the_seed() -> None:
    found = options(a_machine(media=(ARCHIVE,)), a_qemu())

    controller, medium = found.index("virtio-scsi,id=scsi0"), found.index(media.args(a_machine(media=(ARCHIVE,)))[1])
    assert controller < medium
    assert found[medium] == f"id=medium0,if=none,format=raw,readonly=on,file={DIRECTORY}/a,,b.tgz"
    assert found[medium + 2] == "scsi-hd,bus=scsi0.0,drive=medium0,id=media0,vendor=LIMA,product=lima-containerd"


def test_a_machine_without_media_has_nothing_of_it() -> None:
    assert media.args(a_machine()) == []
