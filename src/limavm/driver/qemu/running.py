"""The process of a running QEMU, ours or adopted: who it is, whether it lives, how it is ended."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator

from limavm.driver.qemu.launch import Child, pid_file
from limavm.host import pidfile
from limavm.model.machine import Machine

#: Children of this process by PID, so that whoever waits for one can reap it.
_children: dict[int, Child] = {}


class Running:
    """A QEMU that runs, or ran. `started` names it together with the PID, where the platform tells."""

    def __init__(self, pid: int, started: int | None, pid_file: str) -> None:
        self.pid = pid
        self.started = started
        self._pid_file = pid_file

    def lives(self) -> bool:
        """Whether the process has not ended; reaps it when it is our child and has."""
        if child := _children.get(self.pid):
            return child.poll() is None
        if self.started is None:
            return found_pid(self._pid_file) == self.pid
        return pidfile.start_time(self.pid) == self.started

    def kill(self) -> None:
        """End it at once, if it is still that process."""
        if child := _children.get(self.pid):
            child.kill()
            return
        with contextlib.suppress(ProcessLookupError), _pinned(self.pid) as send:
            if self.lives():
                send()

    def status(self) -> int | None:
        """The exit status of a child that has ended (negative: signal), None for a process of another parent."""
        child = _children.pop(self.pid, None)
        return child.wait() if child else None


@contextlib.contextmanager
def _pinned(pid: int) -> Iterator[Callable[[], None]]:
    """A way to kill a process that cannot hit another one with the same PID, where the platform has one."""
    if sys.platform == "linux":
        descriptor = os.pidfd_open(pid)
        try:
            yield lambda: signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)
    elif sys.platform == "win32":
        yield lambda: os.kill(pid, signal.SIGTERM)  # TerminateProcess
    else:
        yield lambda: os.kill(pid, signal.SIGKILL)


def found_pid(path: str) -> int:
    """The PID in the file if it is a QEMU of that directory, else 0."""
    try:
        return pidfile.live_pid(path, path)
    except ValueError:
        return 0


def ours(machine: Machine, child: Child) -> Running:
    """The QEMU that was just started; when a wrapper started it, the one in the PID file."""
    path = pid_file(machine)
    pid = found_pid(path) or child.pid
    _children[child.pid] = child
    return Running(pid, pidfile.start_time(pid), path)


def adopted(machine: Machine) -> Running | None:
    """The QEMU that runs the machine, if it is the one that was written down."""
    path = pid_file(machine)
    pid = found_pid(path)
    if not pid or (machine.pid and pid != machine.pid):
        return None
    started = pidfile.start_time(pid)
    if machine.pid and machine.pid_started is not None and started != machine.pid_started:
        return None
    return Running(pid, started, path)
