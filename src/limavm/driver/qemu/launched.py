"""A QEMU that is started with its helpers, until its monitor answers."""

import asyncio
import contextlib
import logging
import os
import shlex

from msgspec.structs import replace

from limavm.driver.qemu import launch, qmp, running, sources
from limavm.driver.qemu.control import MONITOR_LIMIT
from limavm.driver.qemu.helpers import Helper
from limavm.driver.qemu.running import Running
from limavm.errors import UserError
from limavm.host.backlog import lengthen_backlogs
from limavm.host.process import end
from limavm.model.machine import Machine

log = logging.getLogger(__name__)

#: Seconds: until the monitor of a new QEMU answers, until a helper's socket is there.
_NEW_MONITOR = 30.0
_HELPER = 5.0


async def launched(machine: Machine, command: launch.Plan) -> tuple[Machine, Running, qmp.Monitor]:
    """Start what the plan says and connect to the monitor; nothing runs any more after a failure.

    Returns the description with pid, start time and accelerator. Raises UserError.
    """
    children: list[launch.Child] = []
    await sources.prepare(machine.shares, create=machine.share_type == "9p")
    try:
        for helper in command.helpers:
            children.append(launch.start_helper(helper, machine.directory))
            await wait_for_socket(helper, children[-1])
        child = launch.start(machine, command)
        children.append(child)
        monitor = await _new_monitor(machine, child)
    except BaseException:
        for child in reversed(children):
            end(child)
        if not running.found_pid(launch.pid_file(machine)):
            launch.remove([launch.pid_file(machine)])
        raise
    log_output(machine)
    process = running.ours(machine, child)
    lengthen_backlogs(process.pid)  # of the way to ssh
    machine = replace(machine, pid=process.pid, pid_started=process.started, accelerator=command.accelerator)
    return machine, process, monitor


async def _new_monitor(machine: Machine, child: launch.Child) -> qmp.Monitor:
    path = qmp_path(machine)
    pause = 0.02
    try:
        async with asyncio.timeout(_NEW_MONITOR):
            while True:
                if (status := child.poll()) is not None and not running.found_pid(launch.pid_file(machine)):
                    raise launch.early_end(machine, status)
                if os.path.exists(path):
                    with contextlib.suppress(qmp.QMPLost):
                        return await qmp.connect(path, MONITOR_LIMIT)
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, 1.0)
    except TimeoutError as error:
        message = f"QEMU's monitor did not answer within {_NEW_MONITOR:g} s"
        raise UserError(message, where=path, hint=launch.last_words(machine) or None) from error


async def wait_for_socket(helper: Helper, child: launch.Child) -> None:
    """Return when what QEMU connects to is there; raises UserError when the helper has ended, or is too slow."""
    what = shlex.join(helper.argv)
    try:
        async with asyncio.timeout(_HELPER):
            while not os.path.exists(helper.socket):
                if (status := child.poll()) is not None:
                    raise UserError(f"a helper of QEMU ended at once (status {status})", where=what)
                await asyncio.sleep(0.02)
    except TimeoutError as error:
        raise UserError(f"a helper of QEMU made no socket within {_HELPER:g} s", where=what) from error


def log_output(machine: Machine) -> None:
    """What QEMU has printed goes to our log."""
    for line in launch.last_words(machine).splitlines():
        log.debug("qemu[output]: %s", line)


def qmp_path(machine: Machine) -> str:
    """Where its monitor is."""
    return f"{machine.directory}/qmp.sock"
