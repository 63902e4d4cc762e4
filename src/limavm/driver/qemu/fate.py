"""What becomes of a QEMU that runs: how it came to its end is told by its monitor; that it ended, by the kernel."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from limavm.driver.qemu import launch, qmp
from limavm.driver.qemu.control import Control
from limavm.driver.qemu.launched import log_output
from limavm.driver.qemu.notices import Notices
from limavm.driver.qemu.running import Running
from limavm.host.aprocess import wait_for_end
from limavm.model.machine import Machine

log = logging.getLogger(__name__)

#: Seconds until the last events of a process that has ended are read.
_LAST_EVENTS = 1.0
#: Reasons of SHUTDOWN that somebody wanted.
_WANTED = frozenset({"guest-shutdown", "host-qmp-quit", "host-signal", "host-ui"})
#: States that a machine does not leave by itself, and what they mean.
_STUCK = {
    "internal-error": "the accelerator failed (internal error)",
    "guest-panicked": "the guest's kernel panicked",
}


class Fate:
    """The fate of one process."""

    def __init__(
        self, machine: Machine, process: Running, control: Control, notices: Notices, *, killed: bool = False
    ) -> None:
        """What its events tell goes to `notices` as well."""
        self._machine = machine
        self._process = process
        self._control = control
        self._notices = notices
        #: Whether we have killed it.
        self.killed = killed
        self._end_reason = ""
        self._failure: str | None = None

    async def known(self, meanwhile: Coroutine[Any, Any, None]) -> str | None:
        """Wait for the end: None after one that somebody wanted, else what happened. `meanwhile` goes on until then."""
        async with asyncio.TaskGroup() as tasks:
            watchers = [
                tasks.create_task(self._watch(), name="QEMU's events"),
                tasks.create_task(meanwhile, name="shares"),
            ]
            await wait_for_end(self._process.pid, self._process.lives)
            for watcher in watchers:
                watcher.cancel()
        connected = self._control.monitor is not None
        if self._control.monitor:
            for event in await self._control.monitor.rest(_LAST_EVENTS):
                self._note(event)
        await self._control.close()
        status = self._process.status()
        log_output(self._machine)
        return self._judged(status, connected=connected)

    def _judged(self, status: int | None, *, connected: bool) -> str | None:
        if self.killed:
            return None
        if self._failure or self._end_reason == "guest-panic":
            return self._failure or _STUCK["guest-panicked"]
        if self._end_reason in _WANTED:
            return None
        # Without a monitor and with another parent, nobody saw how it ended.
        if status == 0 or (status is None and not connected):
            return None
        return _unexpected(self._machine, status)

    async def _watch(self) -> None:
        """Follow the events of the monitor, and of the one that takes its place when it was lost."""
        while True:
            self._control.replaced.clear()
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(self._follow(self._control.monitor), name="events of one connection")
                await self._control.replaced.wait()
                following.cancel()

    async def _follow(self, monitor: qmp.Monitor | None) -> None:
        if monitor is None:
            return
        try:
            self._notices.found(await self._end_if_stuck(monitor))
            while True:
                event = await monitor.next_event()
                self._note(event)
                if event.name == "STOP":
                    await self._control.idle()  # a snapshot stops the machine, and answers when it is made
                    await self._end_if_stuck(monitor)
        except (qmp.QMPLost, qmp.QMPRefused) as error:
            log.debug("no more events of QEMU: %s", error)
            self._notices.lost()

    def _note(self, event: qmp.Event) -> None:
        log.debug("QEMU: %s %s", event.name, event.reason)
        self._notices.note(event)
        if event.name == "SHUTDOWN":
            self._end_reason = event.reason

    async def _end_if_stuck(self, monitor: qmp.Monitor) -> str:
        """End a machine that cannot go on; what it has written is flushed by `quit`. Returns its state."""
        status = await monitor.status()
        if failure := _STUCK.get(status):
            self._failure = failure
            await monitor.quit()
        return status


def _unexpected(machine: Machine, status: int | None) -> str:
    how = "" if status is None else f" (exit status {status})" if status >= 0 else f" (signal {-status})"
    words = launch.last_words(machine)
    return f"QEMU ended unexpectedly{how}" + (f": {words}" if words else "")
