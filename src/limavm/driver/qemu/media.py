"""Read-only media beside the seed: disks on its SCSI controller, which the guest reads once and finds by their model.

SCSI disks come and go without the guest's help and without a slot of PCI, so that a machine which has got rid of its
media is the same as one that never had any: a snapshot of the one can be loaded into the other.
"""

import logging
from collections.abc import Awaitable, Mapping
from typing import Protocol

from limavm.driver.qemu import qmp
from limavm.driver.qemu.devices import escape
from limavm.model.machine import Machine

log = logging.getLogger(__name__)


class Execute(Protocol):
    """Gives a command to the monitor; raises QMPLost and QMPRefused."""

    def __call__(self, name: str, arguments: Mapping[str, object] | None = None) -> Awaitable[object]:
        """Its result."""


def args(machine: Machine) -> list[str]:
    """The options for all media of the machine; the controller is that of the seed."""
    words: list[str] = []
    for index, medium in enumerate(machine.media):
        words += [
            "-drive",
            f"id=medium{index},if=none,format={medium.format},readonly=on,file={escape(medium.path)}",
            "-device",
            f"scsi-hd,bus=scsi0.0,drive=medium{index},id={_device(index)},vendor=LIMA,product={escape(medium.label)}",
        ]
    return words


async def remove(machine: Machine, execute: Execute) -> None:
    """Take all media out; one that is out already, and a monitor that is gone, are no matter."""
    for index in range(len(machine.media)):
        try:
            await execute("device_del", {"id": _device(index)})
        except (qmp.QMPRefused, qmp.QMPLost) as error:
            log.debug("the medium %d stays: %s", index, error)


def _device(index: int) -> str:
    return f"media{index}"
