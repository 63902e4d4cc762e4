"""The steps of a start that need no waiting: the command line, stale files, the process, its last words."""

import contextlib
import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from limavm.driver import PortTakenError
from limavm.driver.qemu.argv import argv, conflicts
from limavm.driver.qemu.helpers import Helper, helpers
from limavm.driver.qemu.resolve import resolve
from limavm.errors import UserError
from limavm.host import files, process
from limavm.model.host import HostFacts
from limavm.model.machine import Machine
from limavm.model.value import Value

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - only the type of a child

#: QEMU's standard output and error, in the instance directory.
LOG = "qemu.log"

_TAIL = 4000
_STALE = (
    *("qmp.sock", "ga.sock", "serial.sock", "serialp.sock", "serialv.sock"),
    *("serial.log", "serialp.log", "serialv.log", LOG),
)
_PORT_TAKEN = re.compile("could not set up host forwarding rule", re.IGNORECASE)


#: A child process as `host.process.detached` returns it.
Child: TypeAlias = "subprocess.Popen[bytes]"


#: Helpers of this process that may still run; kept so that those which have ended are reaped.
_helpers: list["Child"] = []


class Plan(Value, frozen=True, kw_only=True):
    """How a machine will be started on this host."""

    argv: tuple[str, ...]
    helpers: tuple[Helper, ...] = ()
    accelerator: str
    warnings: tuple[str, ...] = ()


def plan(machine: Machine, host: HostFacts, accelerator: str | None = None) -> Plan:
    """The command line and what belongs to it; raises UserError when something is missing or too old."""
    qemu, warnings = resolve(machine, host, accelerator)
    if dropped := conflicts(machine, qemu):
        warnings.append(f"QEMU's own arguments replace these of the machine: {', '.join(dropped)}")
    return Plan(
        argv=tuple(argv(machine, qemu)),
        helpers=tuple(helpers(machine, qemu.program, host.home)),
        accelerator=qemu.accelerator,
        warnings=tuple(warnings),
    )


def start(machine: Machine, command: Plan) -> Child:
    """Start QEMU in a session of its own; files that an earlier one left are removed first.

    Its PID is written before it begins: QEMU comes to that after its devices, and an agent that is killed
    before would leave a machine that nobody knows.
    """
    remove(f"{machine.directory}/{name}" for name in _STALE)
    log = f"{machine.directory}/{LOG}"
    return process.detached_with_pid(command.argv, pid_file(machine), stdout=log, stderr=log)


def pid_file(machine: Machine) -> str:
    """The PID file, which QEMU keeps locked."""
    return f"{machine.directory}/qemu.pid"


def start_helper(helper: Helper, directory: str) -> Child:
    """Start a program that QEMU will connect to; what it prints goes to a log of its own."""
    remove(helper.stale)
    if "--tpmstate" in helper.argv:
        os.makedirs(f"{directory}/swtpm", mode=0o700, exist_ok=True)
    log = f"{helper.socket.removesuffix('.sock')}.log"
    remove([log])
    if helper.order:
        path, order = helper.order
        files.write_atomic(path, order)
    _helpers[:] = [child for child in _helpers if child.poll() is None]
    _helpers.append(process.detached(helper.argv, stdout=log, stderr=log))
    return _helpers[-1]


def remove(paths: Iterable[str]) -> None:
    """Remove files that may not exist."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def last_words(machine: Machine) -> str:
    """The end of what QEMU printed, empty when it said nothing."""
    return _end_of(f"{machine.directory}/{LOG}")


def _end_of(path: str) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read().decode(errors="replace").strip()
    except FileNotFoundError:
        return ""


def early_end(machine: Machine, status: int) -> UserError:
    """The error for a QEMU that ended before its monitor answered."""
    words = last_words(machine)
    for index in range(len(machine.shares) if machine.share_type == "virtiofs" else 0):
        words += "\n" + _end_of(f"{machine.directory}/virtiofsd-{index}.log")
    words = words.strip()
    if _PORT_TAKEN.search(words):
        return PortTakenError(
            f"port {machine.nic.ssh_port} of 127.0.0.1 was taken by another program in the meantime",
            where="ssh.localPort",
            hint="choose another port, or 0 for any free one",
        )
    how = f"exit status {status}" if status >= 0 else f"signal {-status}"
    return UserError(
        f"QEMU ended at once ({how})" + (f": {words}" if words else " and said nothing"),
        where=f"{machine.directory}/{LOG}",
    )
