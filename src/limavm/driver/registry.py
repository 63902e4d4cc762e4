"""The drivers by name; the only place that names them.

A driver's modules are loaded when it is asked for, because each brings its own libraries.
"""

from limavm.driver import Driver
from limavm.errors import UserError

_NAMES = ("qemu",)


def names() -> list[str]:
    """The names that `vmType` may have here, in alphabetical order."""
    return sorted(_NAMES)


def driver(name: str) -> Driver:
    """The driver `name`; raises UserError, listing the known ones, when there is none."""
    match name:
        case "qemu":
            from limavm.driver.qemu.run import QemuDriver

            return QemuDriver()
        case _:
            raise UserError(
                f"{name!r} is not a driver that limavm knows",
                where="vmType",
                hint="use one of: " + ", ".join(names()),
            )
