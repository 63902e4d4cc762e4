"""Taking read-only media out of a machine that runs."""

import logging
from collections.abc import Awaitable, Mapping
from typing import Protocol

from limavm.driver.qemu import media, qmp
from limavm.model.machine import Machine

log = logging.getLogger(__name__)


class Execute(Protocol):
    """Gives a command to the monitor; raises QMPLost and QMPRefused."""

    def __call__(self, name: str, arguments: Mapping[str, object] | None = None) -> Awaitable[object]:
        """Its result."""


async def eject(machine: Machine, execute: Execute) -> None:
    """Take all media out; one that is out already, and a monitor that is gone, are no matter."""
    for index in range(len(machine.media)):
        try:
            await execute("device_del", {"id": media.device(index)})
        except (qmp.QMPRefused, qmp.QMPLost) as error:
            log.debug("the medium %d stays: %s", index, error)
