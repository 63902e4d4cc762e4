"""Stops an instance, in order or by force (spec/runtime.md 2.4)."""

import contextlib
import os
import signal
import time

from limavm.errors import UserError
from limavm.host import files, paths, pidfile
from limavm.instance.autostart import keep_down, stop_by_manager
from limavm.instance.follow import Pace, Tail, log_line_of
from limavm.instance.inspect import inspect
from limavm.model.instance import Instance, Status
from limavm.model.report import Reporter
from limavm.store import disks, instances, processes
from limavm.store.hostcopies import delete_copies

#: The agent kills a machine that does not power off after three minutes, so this is more.
_LIMIT = 200.0
_KILL_LIMIT = 10.0
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has only the latter, and it kills


def stop(name: str, *, force: bool, report: Reporter) -> None:
    """Stop the instance; raises UserError when it is not running or does not stop.

    With `force` whatever runs is killed, and what is left behind is removed; never fails for an
    instance that does not run.
    """
    instance = inspect(name)
    if force:
        with instances.exclusive(name):
            force_stop(instance, report)
    else:
        _stop_in_order(instance, report)


def _stop_in_order(instance: Instance, report: Reporter) -> None:
    if instance.status is not Status.RUNNING:
        problems = f" ({'; '.join(instance.errors)})" if instance.errors else ""
        status = instance.status.value or "unknown"
        raise UserError(
            f"the instance {instance.name!r} is not running: its status is {status}{problems}",
            where=instance.dir,
            hint=f"`limactl stop -f {instance.name}` ends whatever is left of it",
        )
    path = os.path.join(instance.dir, paths.HA_PID)
    logs = Tail(os.path.join(instance.dir, paths.HA_STDERR), at_end=True)
    if not stop_by_manager(instance, report=report):
        report.info(f"Sending SIGINT to the host agent, process {instance.host_agent_pid}")
        pidfile.send_signal(path, signal.SIGINT, *processes.agent_markers(instance.dir))
    deadline = time.monotonic() + _LIMIT
    pace = Pace()
    while processes.host_agent_pid(instance.dir):
        active = _tell(logs, report)
        if time.monotonic() > deadline:
            raise UserError(
                f"the instance {instance.name!r} did not stop within {_LIMIT:g} s",
                where=os.path.join(instance.dir, paths.HA_STDERR),
                hint=f"`limactl stop -f {instance.name}` ends it by force",
            )
        pace.rest(active=active)
    _tell(logs, report)  # how it ended may stand there since we looked last
    logs.close()
    if processes.driver_pid(instance.dir, instance.vm_type):
        raise UserError(
            f"the host agent of {instance.name!r} has ended, but its machine still runs",
            where=instance.dir,
            hint=f"`limactl start {instance.name}` takes it over, `limactl stop -f {instance.name}` ends it",
        )


def _tell(logs: Tail, report: Reporter) -> bool:
    """Report what the host agent has logged since the last time, at its own level; whether there was anything."""
    lines = [parsed for line in logs.lines() if (parsed := log_line_of(line, 0))]
    for line in lines:
        text = f"[hostagent] {line.msg}"
        match line.level:
            case "debug" | "trace":
                report.debug(text)
            case "info":
                report.info(text)
            case _:
                report.warning(text)
    return bool(lines)


def force_stop(instance: Instance, report: Reporter) -> None:
    """Kill the machine and the agent, each only if it is the right process, and sweep; never raises for a dead one."""
    directory = instance.dir
    keep_down(instance.name, directory, report=report)
    driver = processes.driver_pid_file(directory, instance.vm_type or "qemu")
    agent = os.path.join(directory, paths.HA_PID)
    # The agent first: it would report the end of its machine, and restart what we kill.
    for what, path, markers in (
        ("host agent", agent, processes.agent_markers(directory)),
        ("machine", driver, processes.driver_markers(directory)),
    ):
        _wait_until_written(path)
        if pidfile.send_signal(path, _KILL, *markers):
            report.info(f"Killed the {what} of {instance.name!r}")
            _wait_until_dead(path, markers, what)
    for name in disks.release(directory):
        report.info(f"Unlocked the disk {name!r}")
    if instance.config:
        delete_copies(instance.config, directory)
    for entry in os.listdir(directory):
        if entry.endswith(paths.DISPOSABLE) or entry in (paths.FORWARDS_JSON, paths.MOUNTS_JSON, *paths.VNC_FILES):
            with contextlib.suppress(FileNotFoundError):  # ssh removes its socket when its connection ends
                os.unlink(os.path.join(directory, entry))


def _wait_until_written(path: str) -> None:
    """Return when no process is between its start and writing its PID (`process.detached_with_pid`)."""
    deadline = time.monotonic() + _KILL_LIMIT
    with contextlib.suppress(FileNotFoundError):
        # QEMU itself locks a file with its PID in it, which some systems (macOS, NetBSD) tell as this lock.
        while not os.path.getsize(path) and files.is_locked(path) and time.monotonic() < deadline:
            time.sleep(0.005)


def _wait_until_dead(path: str, markers: tuple[str, ...], what: str) -> None:
    deadline = time.monotonic() + _KILL_LIMIT
    pause = 0.005
    while pidfile.live_pid(path, *markers):
        if time.monotonic() > deadline:
            raise UserError(f"the {what} does not end although it was killed", where=path, hint="see dmesg")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
