"""Read-only media beside the seed: disks on its SCSI controller, which the guest reads once and finds by their model.

SCSI disks come and go without the guest's help and without a slot of PCI, so that a machine which has got rid of its
media (`eject`) is the same as one that never had any: a snapshot of the one can be loaded into the other.
"""

from limavm.driver.qemu.devices import escape
from limavm.model.machine import Machine


def args(machine: Machine) -> list[str]:
    """The options for all media of the machine; the controller is that of the seed."""
    words: list[str] = []
    for index, medium in enumerate(machine.media):
        words += [
            "-drive",
            f"id=medium{index},if=none,format={medium.format},readonly=on,file={escape(medium.path)}",
            "-device",
            f"scsi-hd,bus=scsi0.0,drive=medium{index},id={device(index)},vendor=LIMA,product={escape(medium.label)}",
        ]
    return words


def device(index: int) -> str:
    """The name that a medium has in the monitor."""
    return f"media{index}"
