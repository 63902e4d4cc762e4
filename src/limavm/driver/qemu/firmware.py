"""UEFI firmware: where it is looked for, and the variable store that each instance has of its own.

The search order is that of spec/runtime.md 4.4. A template of the variable store lies beside the code
under a name that the distribution chose; without one the machine starts as well, only its boot entries
are not kept.
"""

import logging
import os
from collections.abc import Iterator

from limavm.driver.qemu.facts import Firmware
from limavm.errors import UserError
from limavm.host import files, paths
from limavm.model.arch import Arch

log = logging.getLogger(__name__)

#: In the instance directory: downloaded code.
CODE = "qemu-efi-code.fd"

_SYSTEM = {
    Arch.X86_64: (
        "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
        "/usr/share/OVMF/OVMF_CODE.fd",
        "/usr/share/OVMF/OVMF_CODE_4M.fd",
        "/usr/share/edk2/ovmf/OVMF_CODE.fd",
        "/usr/share/qemu/ovmf-x86_64.bin",
        "/usr/share/qemu/ovmf-x86_64-4m.bin",
    ),
    Arch.AARCH64: (
        "/usr/share/edk2/aarch64/QEMU_CODE.fd",
        "/usr/share/AAVMF/AAVMF_CODE.fd",
        "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
    ),
    Arch.ARMV7L: ("/usr/share/edk2/arm/QEMU_CODE.fd", "/usr/share/AAVMF/AAVMF32_CODE.fd"),
    Arch.RISCV64: (
        "/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd",
        "/usr/share/edk2/riscv/RISCV_VIRT_CODE.fd",
    ),
}
#: QEMU's own builds share one template among related boards.
_EDK2_VARIABLES = {
    "edk2-x86_64-code.fd": "edk2-i386-vars.fd",
    "edk2-aarch64-code.fd": "edk2-arm-vars.fd",
    "edk2-arm-code.fd": "edk2-arm-vars.fd",
    "edk2-riscv-code.fd": "edk2-riscv-vars.fd",
}


def candidates(arch: Arch, program: str, home: str) -> Iterator[str]:
    """Where the code may be, in the order of preference; `program` is the QEMU that will run it."""
    name = "edk2-{}-code.fd".format("riscv" if arch is Arch.RISCV64 else arch.qemu_name)
    binaries = os.path.dirname(program)
    yield os.path.join(home, ".local", "share", "qemu", name)
    yield os.path.join(os.path.dirname(binaries), "share", "qemu", name)
    yield os.path.join(binaries, "share", name)
    yield from _SYSTEM.get(arch, ())


def variables_template(code: str) -> str:
    """Where the template of the variable store belongs, given the code; need not exist."""
    directory, name = os.path.split(code)
    return os.path.join(directory, _EDK2_VARIABLES.get(name) or name.replace("CODE", "VARS"))


def find_code(arch: Arch, program: str, home: str) -> str:
    """The first installed code; raises UserError with the packages that bring one."""
    for path in candidates(arch, program, home):
        if os.path.exists(path):
            return path
    hint = f"install the package {_package(arch)} (on Debian and Ubuntu)"
    if arch is Arch.X86_64:
        hint += ", or set `firmware.legacyBIOS: true`"
    raise UserError(f"there is no UEFI firmware for {arch} on this host", where="firmware", hint=hint)


def ensure_firmware(directory: str, arch: Arch, program: str, home: str) -> Firmware:
    """The firmware of the machine in `directory`, its variable store made when there is a template.

    Code that was downloaded there comes first, then what is installed.
    """
    own = os.path.join(directory, CODE)
    if os.path.exists(own):
        return Firmware(code=own)
    code = find_code(arch, program, home)
    template = variables_template(code)
    if template == code or not os.path.exists(template):
        return Firmware(code=code)
    variables = os.path.join(directory, paths.EFI_VARIABLES)
    ensure_variables(template, variables)
    return Firmware(code=code, variables=variables)


def ensure_variables(template: str, path: str) -> None:
    """A copy of the template at `path`, unless there is one; a store made for other code is put aside."""
    try:
        if os.path.getsize(path) == os.path.getsize(template):
            return
        os.replace(path, path + ".old")
        log.warning(
            "the UEFI firmware has another layout now: its variables are reset, the old ones are in %s.old", path
        )
    except FileNotFoundError:
        pass
    with files.replacing(path, 0o600) as partial:
        files.clone(template, partial)


def _package(arch: Arch) -> str:
    return {
        Arch.X86_64: "ovmf",
        Arch.AARCH64: "qemu-efi-aarch64",
        Arch.ARMV7L: "qemu-efi-arm",
    }.get(arch, "qemu-efi-riscv64")
