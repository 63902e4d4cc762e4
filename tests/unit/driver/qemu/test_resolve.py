"""What is found out about the host before a start."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.driver.qemu.probe import Probe, locate
from limavm.driver.qemu.resolve import choose_accelerator, is_forced, resolve
from limavm.errors import UserError
from limavm.model.arch import Arch
from limavm.model.config import FirmwareImage
from tests.unit.driver.qemu.machines import LINUX, a_machine, direct_boot, install_fake_qemu


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return install_fake_qemu(tmp_path, monkeypatch)


def test_a_start_knows_program_version_cpu_and_firmware(program: str, tmp_path: Path) -> None:
    qemu, warnings = resolve(a_machine(directory=str(tmp_path)), replace(LINUX, home=str(tmp_path)), "tcg")

    assert (qemu.program, qemu.version, qemu.cpu) == (program, (7, 2, 22), "max")
    assert qemu.firmware
    assert qemu.firmware.variables == f"{tmp_path}/qemu-efi-vars.fd"
    assert warnings == []


@pytest.mark.parametrize("changes", [{"boot": direct_boot()}, {"legacy_bios": True}])
def test_no_firmware_is_looked_for_where_none_is_used(program: str, tmp_path: Path, changes: dict[str, object]) -> None:
    machine = replace(a_machine(directory=str(tmp_path)), **changes)

    assert resolve(machine, LINUX, "tcg")[0].firmware is None
    assert not (tmp_path / "qemu-efi-vars.fd").exists()


def test_a_firmware_of_the_configuration_is_used_for_a_direct_boot(program: str, tmp_path: Path) -> None:
    (tmp_path / "qemu-efi-code.fd").touch()
    images = (FirmwareImage(location="/fw", arch=Arch.X86_64),)
    machine = a_machine(directory=str(tmp_path), boot=direct_boot(), firmware_images=images)

    firmware = resolve(machine, LINUX, "tcg")[0].firmware

    assert firmware
    assert firmware.code == f"{tmp_path}/qemu-efi-code.fd"


def test_the_users_arguments_go_first_and_are_warned_of(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QEMU_SYSTEM_X86_64", f"'{program}' -m 512")

    qemu, [warning] = resolve(a_machine(directory=str(tmp_path), legacy_bios=True), LINUX, "tcg")

    assert qemu.leading == ("-m", "512")
    assert warning.startswith("QEMU_SYSTEM_X86_64 gives QEMU arguments")


def test_a_cpu_model_of_the_configuration_must_be_known(program: str, tmp_path: Path) -> None:
    machine = a_machine(directory=str(tmp_path), legacy_bios=True)

    assert resolve(replace(machine, cpu_type="qemu64,+aes"), LINUX, "tcg")[0].cpu == "qemu64,+aes"
    with pytest.raises(UserError, match="knows no CPU model 'z80'") as caught:
        resolve(replace(machine, cpu_type="z80"), LINUX, "tcg")
    assert caught.value.where == "vmOpts.qemu.cpuType.x86_64"


def test_an_accelerator_that_qemu_lacks_is_replaced_with_a_reason(program: str) -> None:
    decision = choose_accelerator(Probe(locate(Arch.X86_64)), Arch.X86_64, replace(LINUX, os="windows"))

    assert decision.accelerator == "tcg"
    assert decision.warning
    assert "was built without whpx" in decision.warning


def test_a_choice_of_the_user_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMA_QEMU_ACCEL", "tcg")
    assert is_forced()
    monkeypatch.setenv("LIMA_QEMU_ACCEL", "")
    assert not is_forced()
