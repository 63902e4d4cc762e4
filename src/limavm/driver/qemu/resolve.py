"""Everything that has to be found out about the host before a machine can be started with QEMU."""

import os

from limavm.driver.qemu import accel, cpu, firmware, probe
from limavm.driver.qemu.argv import needs_firmware
from limavm.driver.qemu.facts import Firmware, Qemu
from limavm.errors import UserError
from limavm.host.process import ProcessError, run
from limavm.model.arch import Arch
from limavm.model.host import HostFacts
from limavm.model.machine import Machine


def resolve(machine: Machine, host: HostFacts, accelerator: str | None = None) -> tuple[Qemu, list[str]]:
    """The QEMU to start and what the user should be warned of; makes the variable store of the firmware.

    `accelerator` skips the decision (a second start after the first accelerator failed). Raises
    UserError when a program or the firmware is missing, or too old.
    """
    asked, warnings = find(machine.arch, host, machine.minimum_driver_version)
    if accelerator is None:
        decision = choose_accelerator(asked, machine.arch, host)
        accelerator = decision.accelerator
        warnings += [decision.warning] if decision.warning else []
    qemu = Qemu(
        program=asked.program.path,
        leading=asked.program.leading,
        version=asked.version(),
        accelerator=accelerator,
        cpu=_cpu(asked, machine, host, accelerator),
        host_os=host.os,
        firmware=_firmware(machine, asked.program.path, host.home),
    )
    return qemu, warnings


def find(arch: Arch, host: HostFacts, minimum: str | None) -> tuple[probe.Probe, list[str]]:
    """The QEMU for an architecture, checked to be new enough, and warnings about it."""
    program = probe.locate(arch)
    asked = probe.Probe(program)
    warnings = probe.check_version(program.path, asked.version(), host_os=host.os, host_arch=host.arch, minimum=minimum)
    if program.leading:
        warnings.append(f"{probe.override_name(arch)} gives QEMU arguments of its own; that is for debugging only")
    return asked, warnings


def choose_accelerator(asked: probe.Probe, arch: Arch, host: HostFacts) -> accel.Decision:
    """The accelerator that this host and this QEMU allow; raises UserError when a forced one is not built in."""
    found = accel.gather(arch, host)
    decision = accel.decide(found)
    if decision.accelerator == "tcg" or asked.has_accelerator(decision.accelerator):
        return decision
    problem = f"{asked.program.path} was built without {decision.accelerator}"
    if found.forced:
        raise UserError(problem, where=accel.ENV)
    return accel.emulated(problem)


def is_forced() -> bool:
    """Whether the user forces an accelerator, so that no other is tried."""
    return bool(os.environ.get(accel.ENV))


def _firmware(machine: Machine, program: str, home: str) -> Firmware | None:
    if needs_firmware(
        machine.arch,
        legacy_bios=machine.legacy_bios,
        direct_boot=machine.boot is not None,
        own_firmware=bool(machine.firmware_images),
    ):
        return firmware.ensure_firmware(machine.directory, machine.arch, program, home)
    return None


def _cpu(asked: probe.Probe, machine: Machine, host: HostFacts, accelerator: str) -> str:
    model = machine.cpu_type
    if model is None:
        sme = host.os == "darwin" and accelerator != "tcg" and _mac_has_sme()
        return cpu.cpu_model(machine.arch, accelerator, host_os=host.os, host_arch=host.arch, sme=sme)
    board = "q35" if machine.arch is Arch.X86_64 else "virt"
    if machine.arch in (Arch.X86_64, Arch.AARCH64, Arch.ARMV7L, Arch.RISCV64) and not cpu.in_help(
        model, asked.cpu_help(board)
    ):
        raise UserError(
            f"this QEMU knows no CPU model {model!r}",
            where=f"vmOpts.qemu.cpuType.{machine.arch}",
            hint=f"{asked.program.path} -cpu help lists the models",
        )
    return model


def _mac_has_sme() -> bool:
    try:
        return run(["sysctl", "-n", "hw.optional.arm.FEAT_SME"], timeout=10).strip() == b"1"
    except ProcessError:
        return False
