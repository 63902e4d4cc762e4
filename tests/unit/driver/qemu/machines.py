"""Machines, hosts and a fake QEMU for the tests of the driver."""

import shlex
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.driver.qemu.describe import mac
from limavm.driver.qemu.facts import Firmware, Qemu
from limavm.model.arch import Arch
from limavm.model.config import Config, User
from limavm.model.host import HostFacts
from limavm.model.machine import DirectBoot, Drive, Machine, UserNIC

DIRECTORY = "/home/ann/.lima/dev"
FAKE = Path(__file__).parents[3] / "fakes" / "qemu.py"
LINUX = HostFacts(
    os="linux",
    arch="x86_64",
    cpus=4,
    memory=8 << 30,
    user_name="ann",
    user_comment="",
    uid=1000,
    home="/home/ann",
    timezone="",
    machine_id="0123456789abcdef",
)


def a_machine(arch: Arch = Arch.X86_64, directory: str = DIRECTORY, **changes: object) -> Machine:
    machine = Machine(
        name="dev",
        directory=directory,
        arch=arch,
        cpus=4,
        memory=4 << 30,
        disk=Drive(path=f"{directory}/disk", format="qcow2"),
        seed=f"{directory}/cidata.iso",
        nic=UserNIC(mac=mac("0123456789abcdef", DIRECTORY), ssh_port=60022),
        agent_socket=f"{directory}/ga.sock",
    )
    return replace(machine, **changes)


def direct_boot(directory: str = DIRECTORY) -> DirectBoot:
    return DirectBoot(
        kernel=f"{directory}/kernel", initrd=f"{directory}/initrd", cmdline="root=/dev/vda1 console=ttyS0"
    )


def a_qemu(arch: Arch = Arch.X86_64, **changes: object) -> Qemu:
    qemu = Qemu(
        program=f"/usr/bin/qemu-system-{arch.qemu_name}",
        version=(8, 2, 1),
        firmware=Firmware(code="/usr/share/fw/CODE.fd", variables=f"{DIRECTORY}/qemu-efi-vars.fd"),
    )
    return replace(qemu, **changes)


def a_config(**changes: object) -> Config:
    user = User(name="ann", comment="", home="/home/ann.guest", shell="/bin/bash", uid=1000)
    config = Config(vm_type="qemu", arch=Arch.X86_64, user=user, cpus=4, memory="4GiB", disk="100GiB")
    return replace(config, **changes)


def install_fake_qemu(prefix: Path, monkeypatch: pytest.MonkeyPatch, misbehaviour: str = "") -> str:
    """Put a fake qemu-system-x86_64 with firmware below `prefix` and make the driver use it; returns its path."""
    program = prefix / "bin" / "qemu-system-x86_64"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S {shlex.quote(str(FAKE))} "$@"\n')
    program.chmod(0o755)
    firmware = prefix / "share" / "qemu"
    firmware.mkdir(parents=True, exist_ok=True)
    (firmware / "edk2-x86_64-code.fd").write_bytes(b"code")
    (firmware / "edk2-i386-vars.fd").write_bytes(b"variables")
    monkeypatch.setenv("QEMU_SYSTEM_X86_64", shlex.quote(str(program)))
    monkeypatch.setenv("XDG_CACHE_HOME", str(prefix / "cache"))
    monkeypatch.setenv("HOME", str(prefix))
    monkeypatch.setenv("FAKE_QEMU", misbehaviour)
    monkeypatch.delenv("LIMA_QEMU_ACCEL", raising=False)
    return str(program)


def value(vector: list[str], option: str, part: str = "") -> str:
    """The value of the only option of that name which contains `part`."""
    [found] = [text for name, text in zip(vector[1::2], vector[2::2], strict=True) if name == option and part in text]
    return found
