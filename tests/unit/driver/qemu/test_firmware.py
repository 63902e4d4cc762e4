"""Where UEFI firmware is found, and each instance's own variables."""

from pathlib import Path

import pytest

from limavm.driver.qemu.facts import Firmware
from limavm.driver.qemu.firmware import candidates, ensure_firmware, ensure_variables, find_code, variables_template
from limavm.errors import UserError
from limavm.model.arch import Arch


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A QEMU installation of its own, with firmware for x86_64."""
    share = tmp_path / "usr" / "share" / "qemu"
    share.mkdir(parents=True)
    (share / "edk2-x86_64-code.fd").write_bytes(b"code")
    (share / "edk2-i386-vars.fd").write_bytes(b"variables")
    return tmp_path / "usr"


def test_the_users_own_firmware_comes_before_that_of_qemu_and_of_the_system() -> None:
    found = list(candidates(Arch.X86_64, "/opt/qemu/bin/qemu-system-x86_64", "/home/ann"))

    assert found[:4] == [
        "/home/ann/.local/share/qemu/edk2-x86_64-code.fd",
        "/opt/qemu/share/qemu/edk2-x86_64-code.fd",
        "/opt/qemu/bin/share/edk2-x86_64-code.fd",
        "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
    ]
    assert len(found) == 9


@pytest.mark.parametrize(
    ("arch", "name"),
    [
        (Arch.RISCV64, "edk2-riscv-code.fd"),
        (Arch.ARMV7L, "edk2-arm-code.fd"),
        (Arch.AARCH64, "edk2-aarch64-code.fd"),
    ],
)
def test_qemus_builds_have_names_of_their_own(arch: Arch, name: str) -> None:
    assert next(candidates(arch, "/usr/bin/q", "/h")) == f"/h/.local/share/qemu/{name}"


@pytest.mark.parametrize(
    ("code", "template"),
    [
        ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
        ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
        ("/opt/CODE/share/qemu/edk2-aarch64-code.fd", "/opt/CODE/share/qemu/edk2-arm-vars.fd"),
        ("/usr/share/qemu/ovmf-x86_64.bin", "/usr/share/qemu/ovmf-x86_64.bin"),
    ],
)
def test_the_variables_lie_beside_the_code(code: str, template: str) -> None:
    assert variables_template(code) == template


def test_an_instance_has_variables_of_its_own(prefix: Path, tmp_path: Path) -> None:
    firmware = ensure_firmware(str(tmp_path), Arch.X86_64, str(prefix / "bin" / "qemu"), str(tmp_path))

    assert firmware == Firmware(
        code=str(prefix / "share/qemu/edk2-x86_64-code.fd"), variables=str(tmp_path / "qemu-efi-vars.fd")
    )
    assert (tmp_path / "qemu-efi-vars.fd").read_bytes() == b"variables"
    assert (tmp_path / "qemu-efi-vars.fd").stat().st_mode & 0o777 == 0o600


def test_what_the_guest_wrote_is_kept(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "qemu-efi-vars.fd").write_bytes(b"boot entr")

    ensure_firmware(str(tmp_path), Arch.X86_64, str(prefix / "bin" / "qemu"), str(tmp_path))

    assert (tmp_path / "qemu-efi-vars.fd").read_bytes() == b"boot entr"


def test_variables_of_another_layout_are_put_aside(prefix: Path, tmp_path: Path) -> None:
    store = tmp_path / "qemu-efi-vars.fd"
    store.write_bytes(b"of another size")

    ensure_variables(str(prefix / "share/qemu/edk2-i386-vars.fd"), str(store))

    assert store.read_bytes() == b"variables"
    assert (tmp_path / "qemu-efi-vars.fd.old").read_bytes() == b"of another size"


def test_without_a_template_the_machine_has_no_variables(prefix: Path, tmp_path: Path) -> None:
    (prefix / "share/qemu/edk2-i386-vars.fd").unlink()

    firmware = ensure_firmware(str(tmp_path), Arch.X86_64, str(prefix / "bin" / "qemu"), str(tmp_path))

    assert firmware.variables is None


def test_downloaded_code_comes_first_and_has_no_template(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "qemu-efi-code.fd").write_bytes(b"downloaded")

    firmware = ensure_firmware(str(tmp_path), Arch.X86_64, str(prefix / "bin" / "qemu"), str(tmp_path))

    assert firmware == Firmware(code=str(tmp_path / "qemu-efi-code.fd"))


def test_missing_firmware_is_an_error_with_its_package(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no UEFI firmware for s390x"):
        find_code(Arch.S390X, str(tmp_path / "bin" / "qemu"), str(tmp_path))
