"""The life of one running instance: start or adopt its machine, make it ready, end it.

The plan of the run is on the disk before the agent starts (`model.plan`). The machine is no child that
dies with us: when the agent is killed, the next `limactl start` runs another agent, which adopts it.
"""

import asyncio
import contextlib
import functools
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TextIO

from limavm.driver import Hypervisor, VirtualMachine
from limavm.driver.registry import driver, hypervisor
from limavm.errors import BusyError, UserError
from limavm.host import paths, pidfile
from limavm.host.autostart.manager import own_identity
from limavm.host.files import let_go
from limavm.host.platform import facts
from limavm.hostagent import snapshots, vnc
from limavm.hostagent.api import (
    Action,
    Handler,
    Response,
    Stream,
    error_response,
    json_response,
    serving,
)
from limavm.hostagent.client import Info
from limavm.hostagent.copytohost import deleted_copies
from limavm.hostagent.events import Emitter, log_json_to, log_text_to
from limavm.hostagent.farewell import farewell
from limavm.hostagent.guest import Guest
from limavm.hostagent.master import SSHTarget
from limavm.hostagent.mounts.api import add_action, mounts_handler, remove_action
from limavm.hostagent.panic import size_of
from limavm.hostagent.readiness import GuestPanicError, Readiness
from limavm.hostagent.running import end_of, running
from limavm.hostagent.services import Services, names_served
from limavm.hostagent.shutdown import power_off
from limavm.hostagent.supervise import supervised
from limavm.model.event import AgentStatus
from limavm.model.plan import Plan
from limavm.store import disks
from limavm.store.plan import load_plan, save_machine
from limavm.store.processes import driver_pid
from limavm.store.timings import Recorder

if sys.platform != "win32":
    import resource

log = logging.getLogger(__name__)

_POWEROFF = "sudo -n poweroff || sudo -n shutdown -h now"


def main(
    name: str,
    *,
    pid_path: str,
    socket_path: str,
    foreground: bool = False,
    progress: bool = False,
    debug: bool = False,
    lock: int | None = None,
) -> int:
    """Be the host agent of the instance `name` until its machine has ended; returns the exit code.

    `foreground` writes events and log to the instance's files, and the log for people to the terminal;
    `progress` tells what cloud-init does. `lock` is the instance's lock, which who starts us has handed on: from now
    on our PID file tells that the instance lives.
    """
    directory = paths.instance_dir(name)
    with contextlib.ExitStack() as files:
        out, err = sys.stdout, sys.stderr
        if foreground:
            out, err = (files.enter_context(_log_file(directory, log)) for log in (paths.HA_STDOUT, paths.HA_STDERR))
        log_json_to(err, debug=debug)
        if foreground:
            log_text_to(sys.stderr, debug=debug)
        _raise_descriptor_limit()
        agent = Agent(directory, Emitter(out), Recorder(directory, resume=True), progress=progress)
        try:
            with pidfile.held(pid_path):
                if lock is not None:
                    let_go(lock, directory)
                return _run(agent, socket_path)
        except BusyError as error:  # the events are the other agent's
            log.error("%s", error)
            return 1


def _log_file(directory: str, name: str) -> TextIO:
    """A log file: whoever follows the instance reads there, also when we run in a terminal."""
    return open(os.path.join(directory, name), "a", encoding="utf-8")


def _run(agent: "Agent", socket_path: str) -> int:
    """The life of the agent; whatever ends it, its reason and then the last event are told."""
    try:
        asyncio.run(agent.run(socket_path))
    except UserError as error:
        log.error("%s", error)
        agent.emitter.change(errors=(*agent.emitter.status.errors, str(error)))
        return 1
    except Exception as error:
        log.exception("the host agent has a defect")
        agent.emitter.change(errors=(*agent.emitter.status.errors, f"the host agent has a defect: {error!r}"))
        return 1
    finally:
        agent.emitter.fresh(AgentStatus(exiting=True))
    return 0


def _raise_descriptor_limit() -> None:
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:
            log.warning("the limit of open files stays at %d: %s", soft, error)


class Agent:
    """One run of an instance."""

    def __init__(self, directory: str, emitter: Emitter, recorder: Recorder, *, progress: bool = False) -> None:
        self.directory = directory
        self.progress = progress
        self.emitter = emitter
        self.recorder = recorder
        self._services: Services | None = None
        #: Who has started us: a unit of systemd or a label of launchd, if it was one of them.
        self._identity = own_identity(os.environ)
        #: Where in the log of the serial console this run begins.
        self._console_offset = 0
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self, socket_path: str) -> None:
        """Serve the API and live the machine's life."""
        self._listen_to_signals()
        routes: dict[str, Handler] = {
            "/v1/info": self._info,
            "/v1/ports": self._of_services(lambda services: services.ports),
            "/v1/mounts": self._of_services(lambda services: mounts_handler(services.mounts)),
        }
        actions: dict[tuple[str, str], Action] = {
            ("GET", "/v1/screenshot"): self._action(lambda services: services.screenshot),
            ("POST", "/v1/mounts"): self._action(lambda services: add_action(services.mounts)),
            ("DELETE", "/v1/mounts"): self._action(lambda services: remove_action(services.mounts)),
        }
        for method in ("GET", "POST", "PUT", "DELETE"):
            actions[method, snapshots.PATH] = self._of_snapshots(method)
        async with serving(socket_path, routes, actions):
            plan = load_plan(self.directory)
            try:
                await self._run_plan(plan)
            finally:
                self._release_disks(plan)

    async def _run_plan(self, plan: Plan) -> None:
        async with names_served(plan):
            plan, vm = await self._machine(plan)
            vm.on_change(functools.partial(save_machine, plan))
            try:
                await self._live(plan, vm)
            finally:
                await vm.close()

    def _release_disks(self, plan: Plan) -> None:
        """Free the data disks, unless the machine goes on: only who writes to a disk may have it."""
        if not driver_pid(self.directory, plan.machine.vm_type):
            try:
                freed = disks.release(self.directory)
            except OSError as error:
                log.warning("The data disks stay locked: %s", error)
                return
            for name in freed:
                log.info("Unlocked the disk %r", name)

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        if sys.platform != "win32":
            # Whoever closes the terminal of `start --foreground` means to stop as well.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: signal.Signals) -> None:
        if self._stopping.is_set():
            log.warning("Received %s again: ending at once", number.name)
            self._hurry.set()
        else:
            log.info("Received %s: shutting down", number.name)
            self._stopping.set()

    def _of_services(self, handler: Callable[[Services], Handler]) -> Handler:
        """The handler of what there is as soon as the machine has been started."""

        def handle(query: str) -> Response | Stream:
            return handler(self._services)(query) if self._services else _not_started()

        return handle

    def _action(self, action: Callable[[Services], Action]) -> Action:
        async def act(query: str, body: bytes) -> Response:
            return await action(self._services)(query, body) if self._services else _not_started()

        return act

    def _of_snapshots(self, method: str) -> Action:
        return self._action(lambda services: services.snapshots[method, snapshots.PATH])

    @property
    def state(self) -> str:
        """What `/v1/info` says: `starting`, `running`, `degraded` or `stopping`."""
        if self._stopping.is_set():
            return "stopping"
        status = self.emitter.status
        return "degraded" if status.degraded else "running" if status.running else "starting"

    def _info(self, _query: str) -> Response:
        return json_response(
            Info(
                auto_started_identifier=self._identity,
                ssh_local_port=self.emitter.status.ssh_local_port,
                state=self.state,
            )
        )

    async def _machine(self, plan: Plan) -> tuple[Plan, VirtualMachine]:
        """The machine of the plan: adopted when it runs already, started else."""
        which = hypervisor(plan.machine.vm_type)
        vm = await which.adopt(plan.machine)
        if vm is not None:
            # A panic that is in the log already was that of an earlier boot: no machine is reset for it.
            self._console_offset = size_of(os.path.join(self.directory, paths.SERIAL_LOG))
            log.info("Adopting the machine that runs already, PID %d", vm.machine.pid)
        elif pid := driver_pid(self.directory, plan.machine.vm_type):
            raise UserError(
                f"a hypervisor runs for this instance, PID {pid}, but it cannot be adopted",
                where=self.directory,
                hint="end it with `limactl stop -f`",
            )
        else:
            plan, vm = await self._start(which, plan)
        known = driver(plan.machine.vm_type).check_host(plan.config)  # `limactl start` has told these
        for warning in vm.warnings:
            log.log(logging.DEBUG if warning in known else logging.WARNING, "%s", warning)
        return save_machine(plan, vm.machine), vm

    async def _start(self, which: Hypervisor, plan: Plan) -> tuple[Plan, VirtualMachine]:
        await deleted_copies(plan.config, self.directory)  # of a run whose end nobody saw
        with self.recorder.phase("hypervisor"):
            return await running(which, plan, facts())

    async def _live(self, plan: Plan, vm: VirtualMachine) -> None:
        machine = vm.machine
        self.emitter.fresh(AgentStatus(ssh_local_port=machine.nic.ssh_port))
        guest = Guest(
            SSHTarget(
                address=machine.ssh_address,
                port=machine.nic.ssh_port,
                options=plan.ssh_options,
                control_path=os.path.join(self.directory, paths.SSH_SOCK),
            )
        )
        services = self._services = Services(plan, vm, guest, self.emitter)
        async with self._master(guest), services.mounting():
            async with services.running():
                readiness = Readiness(
                    plan, vm, guest, services, self.emitter, self.recorder, console_offset=self._console_offset
                )
                await self._until_it_ends(vm, lambda: readiness.reach(progress=self.progress))
            services.mounts.leave()
            guest.master.leave()
            if self._stopping.is_set():
                await self._power_off(vm, guest)
        vnc.forget(self.directory)
        await deleted_copies(plan.config, self.directory)
        log.info("The machine has ended")

    async def _power_off(self, vm: VirtualMachine, guest: Guest) -> None:
        console = os.path.join(self.directory, paths.SERIAL_LOG)
        said = functools.partial(farewell, console, size_of(console))
        await power_off(vm, lambda: guest.run(_POWEROFF, timeout=20, master=False), self._hurry, said=said)

    @contextlib.asynccontextmanager
    async def _master(self, guest: Guest) -> AsyncIterator[None]:
        try:
            async with supervised({"the ssh master": guest.master.supervise}):
                yield
        finally:
            await guest.master.exit()

    async def _until_it_ends(self, vm: VirtualMachine, ready: Callable[[], Awaitable[object]]) -> None:
        """Get the guest `ready`, and return when the machine ends or a signal asks for it."""
        async with asyncio.TaskGroup() as tasks:
            readying = tasks.create_task(self._get_ready(ready), name="become ready")
            ended = tasks.create_task(end_of(vm), name="the machine ends")
            stopping = tasks.create_task(self._stopping.wait(), name="a signal")
            done, _ = await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if ended in done and (reason := ended.result()):
                log.error("The machine has ended: %s", reason)
                self.emitter.change(errors=(*self.emitter.status.errors, reason))
            for task in (readying, ended, stopping):
                task.cancel()

    async def _get_ready(self, ready: Callable[[], Awaitable[object]]) -> None:
        try:
            await ready()
        except GuestPanicError as error:
            self._give_up(str(error))

    def _give_up(self, reason: str) -> None:
        """End a machine that is of no use; the reason reaches whoever waits for it."""
        log.error("%s", reason)
        self.emitter.change(errors=(*self.emitter.status.errors, reason))
        self._stopping.set()
        self._hurry.set()


def _not_started() -> Response:
    return error_response(503, "the machine is not started yet")
