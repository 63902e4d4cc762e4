"""Pauses of a QEMU that runs: it was stopped by a signal, or through its monitor, and went on.

The monitor tells of its own pauses by events (STOP and RESUME of the QEMU manual). Of a signal nobody
tells; whoever cares looks again and again, and that is not done here: one clock of the host agent suffices.
"""

from collections.abc import Callable

from limavm.host.stopped import is_stopped


class Pauses:
    """What is known of the pauses of one machine, and who wants to hear that it went on."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], object]] = []
        self._stopped = False

    def on_resume(self, callback: Callable[[], object]) -> None:
        """Call `callback` whenever the monitor tells that the machine went on."""
        self._callbacks.append(callback)

    def note(self, event: str) -> None:
        """Take notice of an event of the monitor, by its name."""
        if event == "STOP":
            self._stopped = True
        elif event == "RESUME":
            self._stopped = False
            for callback in self._callbacks:
                callback()

    def lost(self) -> None:
        """The monitor tells no more, so what it told last means nothing."""
        self._stopped = False

    def is_paused(self, pid: int) -> bool:
        """Whether the machine stands still now; a look at the process `pid` (the hypervisor) is part of it."""
        return self._stopped or is_stopped(pid)
