"""The driver `qemu` as commands know it: its defaults, its objections, what the host lacks, and the Machine.

Nothing is started here, see `run`; who only decides loads neither asyncio nor QMP.
"""

from limavm.driver import Features
from limavm.driver.qemu import describe, filelimit, firmware, resolve, settings, virtiofsd
from limavm.host import platform
from limavm.host.process import ensure_program
from limavm.model.config import Config
from limavm.model.host import HostFacts
from limavm.model.machine import Machine, Run


class QemuDriver:
    """The driver `qemu`."""

    name = "qemu"
    features = Features(supported_image_formats=("qcow2", "raw", "vmdk", "vhdx"))
    snapshots = True

    def fill(self, config: Config, host: HostFacts, *, creator_version: str) -> Config:
        """The configuration with QEMU's defaults."""
        return settings.fill(config, host, creator_version=creator_version)

    def problems(self, config: Config, host: HostFacts) -> list[str]:
        """Every reason why QEMU cannot run the configuration."""
        return settings.problems(config, host)

    def check_host(self, config: Config) -> list[str]:
        """Warnings; raises UserError when a program or the firmware is missing, or too old."""
        host = platform.facts()
        minimum = describe.qemu_options(config).get("minimumVersion")
        asked, warnings = resolve.find(config.arch, host, minimum)
        decision = resolve.choose_accelerator(asked, config.arch, host)
        if settings.needs_installed_firmware(config):
            firmware.find_code(config.arch, asked.program.path, host.home)
        ensure_program("qemu-img")  # a package of its own; disks are made with it
        if config.tpm:
            ensure_program("swtpm")
        if config.mount_type == "virtiofs" and config.mounts:
            # Nobody gets this type who has not asked for it, so there is nothing to fall back to.
            virtiofsd.find(asked.program.path, host.home, host.uid)
            if virtiofsd.sandbox(host.uid) is virtiofsd.Sandbox.NONE:
                warnings = [*warnings, virtiofsd.NO_SANDBOX]
            warnings = [*warnings, *filelimit.warning()]
        return [*warnings, *([decision.warning] if decision.warning else ()), *settings.warnings(config)]

    def describe(self, config: Config, run: Run) -> Machine:
        """The machine that the configuration asks for; pure."""
        return describe.describe(config, run)
