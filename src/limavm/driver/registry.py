"""The drivers by name; the only place that names them.

A driver's modules are loaded when it is asked for, because each brings its own libraries.
"""

from limavm.driver import Driver, Hypervisor
from limavm.errors import UserError
from limavm.model.config import Config
from limavm.model.report import Reporter

_NAMES = ("qemu",)


def names() -> list[str]:
    """The names that `vmType` may have here, in alphabetical order."""
    return sorted(_NAMES)


def driver(name: str) -> Driver:
    """What the driver `name` decides; raises UserError, listing the known ones, when there is none."""
    match name:
        case "qemu":
            from limavm.driver.qemu.driver import QemuDriver

            return QemuDriver()
        case _:
            raise _unknown(name)


def hypervisor(name: str) -> Hypervisor:
    """What runs the machines of the driver `name`; raises UserError as `driver` does."""
    match name:
        case "qemu":
            from limavm.driver.qemu.run import Qemu

            return Qemu()
        case _:
            raise _unknown(name)


def prepare(name: str, config: Config, directory: str, report: Reporter) -> None:
    """Fetch into an instance directory what the driver `name` needs besides images; may be called again.

    Raises UserError when it cannot be had.
    """
    match name:
        case "qemu":
            from limavm.driver.qemu.argv import needs_firmware
            from limavm.driver.qemu.fetch import ensure_downloaded

            if needs_firmware(config.arch, legacy_bios=config.firmware.legacy_bios):
                ensure_downloaded(config.firmware.images, config.arch, directory, report)
        case _:
            raise _unknown(name)


def _unknown(name: str) -> UserError:
    hint = "use one of: " + ", ".join(names())
    return UserError(f"{name!r} is not a driver that limavm knows", where="vmType", hint=hint)
