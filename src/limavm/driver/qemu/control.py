"""The connection to the monitor of one QEMU, made again when it is lost while QEMU lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from limavm.driver.qemu import qmp

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds until the monitor of a QEMU that runs answers.
MONITOR_LIMIT = 5.0


class Control:
    """Presses buttons and asks; `replaced` is set when there is another monitor, with events of its own."""

    def __init__(self, path: str, lives: Callable[[], bool], monitor: qmp.Monitor | None = None) -> None:
        self.monitor = monitor
        self.replaced = asyncio.Event()
        #: What the user should know, such as that nobody answered.
        self.warnings: list[str] = []
        self._path = path
        self.lives = lives
        self._connecting = asyncio.Lock()
        #: Held while a command keeps the monitor busy for long: nobody else would be answered in time.
        self._long = asyncio.Lock()
        #: Grows with each try to connect that has ended, so that one serves all who waited for it.
        self._tries = 0

    async def connect(self) -> None:
        """Connect (again); a failure is one of the warnings."""
        await self.close()
        try:
            self.monitor = await qmp.connect(self._path, MONITOR_LIMIT)
            self.replaced.set()
        except qmp.QMPLost as error:
            self._warn(f"QEMU's monitor does not answer: {error}")
        finally:
            self._tries += 1

    def _warn(self, warning: str) -> None:
        """Once: a QEMU that stands still is asked again every few seconds."""
        if warning in self.warnings:
            log.debug("%s", warning)
        else:
            self.warnings.append(warning)
            log.warning("%s", warning)

    async def close(self) -> None:
        """Let go of the connection."""
        monitor, self.monitor = self.monitor, None
        if monitor:
            await monitor.close()

    async def press(self, button: str, press: Callable[[qmp.Monitor], Awaitable[None]]) -> None:
        """Press a button of the machine once; that it could not be done is logged."""
        try:
            await self._in_turn(press)
        except qmp.QMPRefused as error:
            log.warning("the %s button was not pressed: %s", button, error)
        except qmp.QMPLost as error:
            if self.lives():
                log.warning("the %s button could not be pressed: %s", button, error)

    async def ask(self, command: str) -> str:
        """What QEMU answers to a command for people; raises QMPLost and QMPRefused."""
        return await self._in_turn(lambda monitor: monitor.human(command))

    async def execute(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        """The result of a command; raises QMPLost and QMPRefused."""
        return await self._in_turn(lambda monitor: monitor.command(name, arguments))

    async def execute_long(self, name: str, arguments: Mapping[str, object], limit: float) -> object:
        """The result of a command that keeps QEMU busy; everybody else waits. Raises QMPLost and QMPRefused.

        It is given once: a monitor that is lost meanwhile says nothing about what became of it.
        """
        async with self._long:
            if self.monitor is None:
                await self.connect()
            if self.monitor is None:
                raise qmp.QMPLost("not connected")
            return await self.monitor.command(name, arguments or None, limit)

    async def idle(self) -> None:
        """Return when no command keeps the monitor busy."""
        async with self._long:
            pass

    async def _in_turn(self, what: Callable[[qmp.Monitor], Awaitable[T]]) -> T:
        await self.idle()
        return await self._do(what)

    async def _do(self, what: Callable[[qmp.Monitor], Awaitable[T]]) -> T:
        """Do it with the monitor, and once more with another when it was lost."""
        lost = None
        for _ in range(2):
            tries = self._tries
            if monitor := self.monitor:
                try:
                    return await what(monitor)
                except qmp.QMPLost as error:
                    log.debug("the monitor is lost: %s", error)
                    lost = error
            if not self.lives():
                raise qmp.QMPLost("QEMU has ended")
            async with self._connecting:
                if self._tries == tries:  # nobody else has tried meanwhile
                    await self.connect()
            if self.monitor is None:
                break
        raise lost or qmp.QMPLost("not connected")
