"""What the monitor tells of a machine beside its end: pauses, resets, the guest agent's port, and who wants to hear it.

Events of the QEMU manual: STOP and RESUME, RESET, VSERPORT_CHANGE. Of a pause by a signal nobody tells;
whoever cares looks again and again, and that is not done here: one clock of the host agent suffices.
"""

from collections.abc import Callable

from limavm.driver.qemu.devices import AGENT_PORT_ID
from limavm.driver.qemu.qmp import Event
from limavm.host.stopped import is_stopped


class Notices:
    """What is known of one machine from its events. Callbacks are called as the events are read."""

    def __init__(self) -> None:
        self._resumed: list[Callable[[], object]] = []
        self._was_reset: list[Callable[[], object]] = []
        self._agent_port: list[Callable[[bool], object]] = []
        self._stopped = False

    def on_resume(self, callback: Callable[[], object]) -> None:
        """Call `callback` whenever the monitor tells that the machine went on."""
        self._resumed.append(callback)

    def on_reset(self, callback: Callable[[], object]) -> None:
        """Call `callback` whenever the machine begins anew."""
        self._was_reset.append(callback)

    def on_agent_port(self, callback: Callable[[bool], object]) -> None:
        """Call `callback` with whether the guest has opened the agent's port, or closed it."""
        self._agent_port.append(callback)

    def note(self, event: Event) -> None:
        """Take notice of an event of the monitor."""
        match event.name:
            case "STOP":
                self._stopped = True
            case "RESUME":
                self._stopped = False
                _tell(self._resumed)
            case "RESET":
                _tell(self._was_reset)
            case "VSERPORT_CHANGE" if event.data.get("id") == AGENT_PORT_ID:
                for callback in self._agent_port:
                    callback(bool(event.data.get("open")))

    def found(self, status: str) -> None:
        """Take notice of the machine's state on a new connection: events before it were told to nobody."""
        went_on = self._stopped and status != "paused"
        self._stopped = status == "paused"
        if went_on:
            _tell(self._resumed)

    def lost(self) -> None:
        """The monitor tells no more, so what it told last means nothing."""
        self._stopped = False

    def is_paused(self, pid: int) -> bool:
        """Whether the machine stands still now; a look at the process `pid` (the hypervisor) is part of it."""
        return self._stopped or is_stopped(pid)


def _tell(callbacks: list[Callable[[], object]]) -> None:
    for callback in callbacks:
        callback()
