"""Starts an instance, or adopts the machine that a killed host agent left (spec/runtime.md 2.3)."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from limavm.driver import Driver
from limavm.errors import UserError
from limavm.host import files, paths, process
from limavm.hostagent.client import info
from limavm.instance.ansible import run_playbooks
from limavm.instance.autostart import start_by_manager
from limavm.instance.disks import attach, check_attachable
from limavm.instance.follow import last_status
from limavm.instance.inspect import inspect
from limavm.instance.planning import write_plan
from limavm.instance.prepare import prepare_locked
from limavm.instance.ready import wait_until_running
from limavm.instance.resolving import checked_driver, resolve_and_cache
from limavm.model.config import Config
from limavm.model.instance import Instance, Status
from limavm.model.report import Reporter
from limavm.model.value import Value
from limavm.store import disks, instances, processes
from limavm.store.timings import Recorder

#: How long a host agent may take to show its PID, in seconds.
_AGENT_LIMIT = 10.0
#: The same for one that a service manager starts, which prepares image and disk first.
_MANAGER_LIMIT = 120.0


class StartOptions(Value, frozen=True, kw_only=True):
    """What the flags of `limactl start` say. `timeout` in seconds: it ends the waiting, not the machine."""

    timeout: float = 600.0
    foreground: bool = False
    progress: bool = False
    debug: bool = False
    #: Whether a shell follows, so that the READY line would only be noise.
    quiet: bool = False


def start(name: str, options: StartOptions, *, report: Reporter) -> Instance:
    """Start the instance and return when it is ready.

    A running one is left alone. Raises UserError when it does not become ready; the machine may run
    then, and the error says so. With `foreground` this process becomes the host agent.
    """
    found = inspect(name)
    if found.config is None:
        raise UserError(f"the configuration of {name!r} cannot be used: {'; '.join(found.errors)}", where=found.dir)
    if found.host_agent_pid:
        return _join(found, options, report)
    paths.check_socket_length(found.dir)  # the directory may have been moved since it was made
    began = time.time()
    if start_by_manager(name, lambda: _prepare(found, report), foreground=options.foreground, report=report):
        return _when_managed(found, began, options, report)
    agent = launch(found, options, report)
    if agent is None:
        return _join(inspect(name), options, report)
    try:
        return _when_ready(found, agent.poll, began, options, report)
    finally:
        process.let_go(agent)


def launch(found: Instance, options: StartOptions, report: Reporter) -> process.Child | None:
    """The host agent of an instance that was not running when it was looked at, in charge now; None if it has one.

    With `foreground` this does not return. The instance is held until the agent has its PID file, by this process
    and by the agent itself, so that neither's end leaves a moment in which another start takes the data disks.
    """
    with instances.exclusive_lock(found.name) as (directory, lock):
        if processes.host_agent_pid(directory):  # another command was quicker
            return None
        _get_ready(found, directory, report)
        locks = files.handed_on(lock)
        argv = _agent_argv(found.name, directory, options, locks)
        if options.foreground:
            _become(argv, report)
        agent = _spawn(argv, directory, locks)
        _wait_for_pid(agent, directory)
        return agent


def _prepare(found: Instance, report: Reporter) -> None:
    """Get image and disk before a service manager is asked to start the instance."""
    with instances.exclusive(found.name) as directory:
        if not processes.driver_pid(directory, found.vm_type):
            config, _ = resolve_and_cache(directory)
            checked_driver(config)
            check_attachable(config.additional_disks, directory)
            prepare_locked(config, directory, report, Recorder(directory))


def _when_managed(found: Instance, since: float, options: StartOptions, report: Reporter) -> Instance:
    """The instance that a service manager has begun to start, when it is ready."""
    deadline = time.monotonic() + _MANAGER_LIMIT
    pause = 0.02
    while not processes.host_agent_pid(found.dir) and not _has_told(found.dir, since):
        if time.monotonic() > deadline:
            raise UserError(
                f"the service manager has not started the host agent of {found.name!r} within {_MANAGER_LIMIT:g} s",
                where=found.dir,
                hint=f"its log says more: `journalctl --user -u lima-vm@{found.name}`, on macOS launchd.stderr.log",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)

    def ended() -> int | None:
        return None if processes.host_agent_pid(found.dir) else 0

    return _when_ready(found, ended, since, options, report)


def _has_told(directory: str, since: float) -> bool:
    """Whether an agent has told something since then: it may have ended between two looks."""
    try:
        return os.path.getmtime(os.path.join(directory, paths.HA_STDOUT)) >= since
    except FileNotFoundError:
        return False


def _join(found: Instance, options: StartOptions, report: Reporter) -> Instance:
    """The instance that another command has started: as it is when it is ready, else when it becomes so."""
    name = found.name
    state = info(os.path.join(found.dir, paths.HA_SOCK)).state
    if state == "stopping" or (not state and found.status is not Status.RUNNING):
        raise UserError(
            f"the host agent of {name!r}, process {found.host_agent_pid}, is stopping the instance",
            where=found.dir,
            hint=f"wait until it has ended; `limactl stop -f {name}` ends it at once",
        )
    if state != "starting":
        status = last_status(os.path.join(found.dir, paths.HA_STDOUT))
        if status.degraded:
            reasons = "".join(f"\n- {error}" for error in status.errors)
            report.warning(f"The instance {name!r} is running, but not all of it works{reasons}")
        report.info(f"The instance {name!r} is running already. Run `{shell_command(name)}` to open a shell.")
        return found
    report.info(f"The instance {name!r} is being started already; waiting for it")

    def ended() -> int | None:
        return None if processes.host_agent_pid(found.dir) else 0

    return _when_ready(found, ended, 0.0, options, report)


def _when_ready(
    found: Instance, ended: Callable[[], int | None], since: float, options: StartOptions, report: Reporter
) -> Instance:
    try:
        wait_until_running(found, ended, since, options.timeout, report, progress=options.progress)
    except KeyboardInterrupt:
        report.text("")  # the terminal has just echoed ^C
        report.warning(f"Not waiting any longer. The machine goes on booting: `limactl stop {found.name}` ends it.")
        raise
    running = inspect(found.name)
    if since and running.config:  # else it was another command that has started it, and runs them
        run_playbooks(running.name, running.dir, running.config, report)
    if not options.quiet:
        _say_ready(running, report)
    return running


def shell_command(name: str) -> str:
    """What to type for a shell in the instance."""
    return "lima" if name == "default" else f"limactl shell {name}"


def _get_ready(found: Instance, directory: str, report: Reporter) -> None:
    """Put disks, seed and plan in place, unless the machine runs and waits for a new agent."""
    recorder = Recorder(directory)
    if processes.driver_pid(directory, found.vm_type):
        report.info(f"The machine of {found.name!r} is running without a host agent; taking it over.")
    else:
        config, warnings = resolve_and_cache(directory)
        driver, host_warnings = checked_driver(config)
        for warning in (*warnings, *host_warnings):
            report.warning(warning)
        check_attachable(config.additional_disks, directory)
        report.info(f"Starting the instance {found.name!r} with internal VM driver {driver.name!r}")
        prepare_locked(config, directory, report, recorder)
        _plan(found.name, directory, config, driver, report, recorder)
    for log in (paths.HA_STDOUT, paths.HA_STDERR):
        path = os.path.join(directory, log)
        if os.path.lexists(path):
            os.unlink(path)
    recorder.save()


def _plan(name: str, directory: str, config: Config, driver: Driver, report: Reporter, recorder: Recorder) -> None:
    drives = attach(config.additional_disks, directory, report=report)
    try:
        with recorder.phase("seed"):
            write_plan(name, directory, config, driver, drives)
    except BaseException:
        disks.release(directory)
        raise


def _agent_argv(name: str, directory: str, options: StartOptions, locks: Sequence[int]) -> list[str]:
    argv = [sys.executable, "-P", "-m", "limavm", *(["--debug"] if options.debug else []), "hostagent"]
    argv += ["--pidfile", os.path.join(directory, paths.HA_PID), "--socket", os.path.join(directory, paths.HA_SOCK)]
    argv += [f"--lock={lock}" for lock in locks]
    return [*argv, *(["--progress"] if options.progress else []), name]


def _spawn(argv: list[str], directory: str, locks: Sequence[int]) -> process.Child:
    stdout, stderr = (os.path.join(directory, log) for log in (paths.HA_STDOUT, paths.HA_STDERR))
    return process.detached(argv, stdout=stdout, stderr=stderr, inherited=locks)


def _become(argv: list[str], report: Reporter) -> NoReturn:
    report.info("Running in the foreground: the log goes to this terminal and to the log files. Ctrl-C stops.")
    os.execv(argv[0], [*argv[:-1], "--foreground", argv[-1]])  # noqa: S606 - a list, no shell


def _wait_for_pid(agent: process.Child, directory: str) -> None:
    """Return when the agent holds its PID file: from then on it is in charge of the instance."""
    deadline = time.monotonic() + _AGENT_LIMIT
    pause = 0.01
    while not processes.host_agent_pid(directory):
        if agent.poll() is not None:
            if os.path.getsize(os.path.join(directory, paths.HA_STDOUT)):
                return  # it was in charge, and has ended between two looks: its events tell why
            raise _agent_failed(directory, f"it ended with status {agent.returncode}")
        if time.monotonic() > deadline:
            raise _agent_failed(directory, f"it showed no PID within {_AGENT_LIMIT:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def _agent_failed(directory: str, why: str) -> UserError:
    path = os.path.join(directory, paths.HA_STDERR)
    return UserError(f"the host agent did not start: {why}", where=path, hint="the log says more")


def _say_ready(instance: Instance, report: Reporter) -> None:
    if instance.config and instance.config.plain:
        command = f"ssh -F {instance.ssh_config_file} {instance.hostname}"
    else:
        command = shell_command(instance.name)
    report.info(f"READY. Run `{command}` to open the shell.")
    if instance.message:
        report.info(f"Message from the instance {instance.name!r}:")
        report.text(instance.message)
