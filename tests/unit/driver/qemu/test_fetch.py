"""Firmware that the configuration names."""

from pathlib import Path

import pytest

from limavm.driver.qemu.fetch import ensure_downloaded
from limavm.driver.registry import prepare
from limavm.errors import UserError
from limavm.model.arch import Arch
from limavm.model.config import Firmware, FirmwareImage
from tests.unit.driver.qemu.machines import a_config
from tests.unit.images.recording import Recorder


def image(path: Path, arch: Arch = Arch.X86_64, vm_type: str | None = None) -> FirmwareImage:
    return FirmwareImage(location=str(path), arch=arch, vm_type=vm_type)


def test_the_first_image_for_this_machine_is_taken(tmp_path: Path) -> None:
    for name in ("arm", "vz", "mine", "other"):
        (tmp_path / name).write_text(name)
    images = (
        image(tmp_path / "arm", Arch.AARCH64),
        image(tmp_path / "vz", vm_type="vz"),
        image(tmp_path / "mine", vm_type="qemu"),
        image(tmp_path / "other"),
    )
    (tmp_path / "instance").mkdir()

    ensure_downloaded(images, Arch.X86_64, str(tmp_path / "instance"), Recorder())

    assert (tmp_path / "instance" / "qemu-efi-code.fd").read_text() == "mine"


def test_an_image_that_fails_leads_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("good")
    report = Recorder()

    ensure_downloaded((image(tmp_path / "gone"), image(tmp_path / "good")), Arch.X86_64, str(tmp_path), report)

    assert (tmp_path / "qemu-efi-code.fd").read_text() == "good"
    assert report.lines == [f"Cannot use the firmware {tmp_path}/gone: there is no such file"]


def test_nothing_is_fetched_twice(tmp_path: Path) -> None:
    (tmp_path / "qemu-efi-code.fd").write_text("here")

    ensure_downloaded((image(tmp_path / "gone"),), Arch.X86_64, str(tmp_path), Recorder())

    assert (tmp_path / "qemu-efi-code.fd").read_text() == "here"


def test_it_is_an_error_when_all_images_fail(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none of the firmware images"):
        ensure_downloaded((image(tmp_path / "gone"),), Arch.X86_64, str(tmp_path), Recorder())


def test_a_configuration_without_images_needs_nothing(tmp_path: Path) -> None:
    prepare("qemu", a_config(), str(tmp_path), Recorder())

    assert list(tmp_path.iterdir()) == []


def test_a_legacy_bios_needs_no_image(tmp_path: Path) -> None:
    firmware = Firmware(legacy_bios=True, images=(image(tmp_path / "gone"),))

    prepare("qemu", a_config(firmware=firmware), str(tmp_path), Recorder())

    assert list(tmp_path.iterdir()) == []
