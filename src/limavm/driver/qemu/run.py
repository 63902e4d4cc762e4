"""Running QEMU: started in a session of its own or adopted, watched to its end, ended.

QEMU outlives us: it writes to a file, not to a pipe of ours, and everything that a later host agent
needs to take charge of it is on the disk (spec/runtime.md 4.7, 4.8).
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from limavm.driver import DisplayError, NoDisplayError, PortTakenError
from limavm.driver.qemu import display, eject, hostfwd, launch, picture, probe, qmp, resolve, running
from limavm.driver.qemu.control import Control
from limavm.driver.qemu.fate import Fate
from limavm.driver.qemu.helpers import Helper, share_keeper
from limavm.driver.qemu.launched import launched, qmp_path, wait_for_socket
from limavm.driver.qemu.notices import Notices
from limavm.driver.qemu.running import Running
from limavm.driver.qemu.shares import Shares
from limavm.driver.qemu.snapshots import Snapshots
from limavm.errors import BusyError, UserError
from limavm.host.aprocess import wait_for_end
from limavm.host.backlog import lengthen_backlog, lengthen_backlogs
from limavm.host.paths import user_home
from limavm.host.process import end
from limavm.model.forward import HostForward
from limavm.model.host import HostFacts
from limavm.model.machine import Machine, Share

log = logging.getLogger(__name__)

#: Seconds until a killed process is gone (it may sit in an uninterruptible write).
_KILLED = 30.0
#: Several screenshots at a time have a file each.
_screens = itertools.count()


class Qemu:
    """The hypervisor of the driver `qemu`."""

    def __init__(self, accelerator: str | None = None) -> None:
        """`accelerator` is tried first; without one, the best that this host offers."""
        self._accelerator = accelerator

    async def start(self, machine: Machine, host: HostFacts) -> "QemuVM":
        """Start QEMU; an accelerator with which it ends at once is given up for TCG, with a warning.

        Raises PortTakenError, BusyError when it runs already, and UserError with QEMU's own last words.
        """
        if pid := running.found_pid(launch.pid_file(machine)):
            raise BusyError(f"QEMU runs already for this instance (process {pid})", where=machine.directory)
        command = launch.plan(machine, host, self._accelerator)
        try:
            return await _launch(machine, host, command)
        except PortTakenError:
            raise
        except UserError as error:
            if not _may_be_healed(command.accelerator):
                raise
            warning = _healed(command.accelerator, error.message)
        emulated = launch.plan(machine, host, "tcg")
        return await _launch(machine, host, replace(emulated, warnings=(*emulated.warnings, warning)))

    async def adopt(self, machine: Machine) -> "QemuVM | None":
        """Take charge of a QEMU that runs; None when it is not the one of this machine (any more).

        A monitor that does not answer is a warning: the machine can still be waited for and killed.
        """
        process = running.adopted(machine)
        if process is None:
            return None
        machine = replace(machine, pid=process.pid, pid_started=process.started)
        vm = QemuVM(machine, process)
        vm.ready()  # how far the guest came is not known, so it is not started again
        await vm.reconnect()
        lengthen_backlogs(process.pid)  # the one who started it may not have come to that
        return vm


class QemuVM:
    """A QEMU that runs, and may be started again once by itself while `wait` waits."""

    def __init__(
        self,
        machine: Machine,
        process: Running,
        monitor: qmp.Monitor | None = None,
        *,
        host: HostFacts | None = None,
        warnings: Sequence[str] = (),
    ) -> None:
        self._machine = machine
        self._process = process
        self._control = Control(qmp_path(machine), process.lives, monitor)
        self._shares = Shares(machine, self._control, self._share_keeper, self._start_helper)
        self._snapshots = Snapshots(lambda: self._machine, lambda: self._control)
        self._host = host
        self._warnings = list(warnings)
        self._callbacks: list[Callable[[Machine], object]] = []
        self._notices = Notices()
        self._ready = False
        self._fate = Fate(machine, process, self._control, self._notices)

    @property
    def machine(self) -> Machine:
        """The description, with pid, start time and accelerator of the QEMU that runs now."""
        return self._machine

    @property
    def warnings(self) -> Sequence[str]:
        """What the user should know of how the machine was started; grows when it is started again."""
        return (*self._warnings, *self._control.warnings)

    def on_change(self, callback: Callable[[Machine], object]) -> None:
        """Call back with the new description when the machine was started again."""
        self._callbacks.append(callback)

    def on_resume(self, callback: Callable[[], object]) -> None:
        """Call back when the monitor tells that the machine went on."""
        self._notices.on_resume(callback)

    def on_reset(self, callback: Callable[[], object]) -> None:
        """Call back when the monitor tells that the machine begins anew."""
        self._notices.on_reset(callback)

    def on_agent_port(self, callback: Callable[[bool], object]) -> None:
        """Call back when the monitor tells that the guest opened the agent's port, or closed it."""
        self._notices.on_agent_port(callback)

    def is_paused(self) -> bool:
        """Whether it stands still now."""
        return self._notices.is_paused(self._process.pid)

    def ready(self) -> None:
        """The guest has answered: the machine is not started again any more."""
        self._ready = True

    async def wait(self) -> str | None:
        """None after a power-off or `kill`, else what happened; starts again where that may help."""
        while True:
            fate = await self._fate.known(self._shares.watch())
            if fate is None or self._ready or self._host is None or not _may_be_healed(self._machine.accelerator):
                return fate
            await self._start_again(self._host, fate)

    async def press_power_button(self) -> None:
        """Press it once; a monitor that went away is connected to again first."""
        self._ready = True  # whatever ends a machine that shall end, it is not started again
        await self._control.press("power", qmp.Monitor.power_button)

    async def reset(self) -> None:
        """Press the reset button, in the same way."""
        await self._control.press("reset", qmp.Monitor.reset)

    @property
    def forwards_ports(self) -> bool:
        """The user-mode network of QEMU does."""
        return True

    async def add_forward(self, forward: HostForward) -> None:
        """Have QEMU listen on a port of the host; it is gone when QEMU is started again."""
        await hostfwd.add(self._control.ask, forward)
        if forward.protocol == "tcp":
            lengthen_backlog(self._process.pid, forward.host_ip, forward.host_port)

    async def remove_forward(self, forward: HostForward) -> None:
        """Have QEMU listen no more; harmless when it does not."""
        await hostfwd.remove(self._control.ask, forward)

    async def forwards(self) -> list[HostForward]:
        """What is forwarded now, beside ssh."""
        return await hostfwd.listed(self._control.ask, self._machine.nic)

    async def remove_media(self) -> None:
        """Take the read-only media out of the machine."""
        await eject.eject(self._machine, self._control.execute)

    async def protect_vnc(self, password: str) -> str:
        """Set the password of the VNC server; its address."""
        return await display.protect_vnc(self._control.execute, self._machine.video.vnc.display, password)

    async def screenshot(self, kind: str) -> bytes:
        """What the screen shows."""
        if self._machine.video.display == "none":
            hint = "set `video.display`, such as to `vnc`, and start it again"
            raise NoDisplayError("the machine has no display", hint=hint)
        path = f"{self._machine.directory}/screen-{next(_screens)}.tmp"
        data = await display.screen(self._control.execute, path)
        try:
            return await asyncio.to_thread(lambda: picture.WRITERS[kind](picture.parse_ppm(data)))
        except ValueError as error:
            raise DisplayError(f"QEMU wrote no picture: {error}") from error

    @property
    def shares_hotplug(self) -> bool:
        """Whether this machine can be given directories by virtiofs: its memory is shared, and it has ports."""
        return self._shares.hotplug

    async def add_share(self, share: Share) -> None:
        """Offer a directory to the guest by virtiofs."""
        await self._shares.add(share)

    async def remove_share(self, tag: str) -> None:
        """Take a directory back."""
        await self._shares.remove(tag)

    def on_share(self, callback: Callable[[str, bool], object]) -> None:
        """Call back when the program behind a share has ended, or serves again."""
        self._shares.callbacks.append(callback)

    async def create_snapshot(self, tag: str) -> None:
        """Save memory and disks."""
        await self._snapshots.create(tag)

    async def apply_snapshot(self, tag: str) -> None:
        """Go on as it was when it was saved."""
        await self._snapshots.apply(tag)

    async def delete_snapshot(self, tag: str) -> None:
        """Remove what was saved."""
        await self._snapshots.delete(tag)

    async def snapshots(self) -> str:
        """QEMU's own table."""
        return await self._snapshots.table()

    def _share_keeper(self, index: int, share: Share) -> Helper:
        program = probe.locate(self._machine.arch).path
        return share_keeper(self._machine, index, share, program, user_home())

    async def _start_helper(self, helper: Helper) -> None:
        child = launch.start_helper(helper, self._machine.directory)
        try:
            await wait_for_socket(helper, child)
        except BaseException:
            end(child)
            raise

    async def reconnect(self) -> None:
        """Connect to the monitor (again); a failure is one of the warnings."""
        self._notices.lost()
        await self._control.connect()

    async def kill(self) -> None:
        """End QEMU at once and wait until it is gone; raises UserError when it is not after half a minute."""
        self._fate.killed = True
        self._process.kill()
        try:
            async with asyncio.timeout(_KILLED):
                await wait_for_end(self._process.pid, self._process.lives)
        except TimeoutError as error:
            message = f"QEMU (process {self._process.pid}) is still there {_KILLED:g} s after it was killed"
            raise UserError(message, where=self._machine.directory) from error

    async def close(self) -> None:
        """Let go of the monitor; the machine goes on."""
        await self._control.close()

    async def _start_again(self, host: HostFacts, fate: str) -> None:
        warning = _healed(self._machine.accelerator, fate)
        log.warning("%s", warning)
        again = await _launch(self._machine, host, launch.plan(self._machine, host, "tcg"))
        again._shares.callbacks.extend(self._shares.callbacks)
        self._machine, self._process, self._control = again._machine, again._process, again._control
        self._shares = again._shares
        self._warnings += [*again.warnings, warning]
        self._fate = Fate(self._machine, self._process, self._control, self._notices, killed=self._fate.killed)
        for callback in self._callbacks:
            callback(self._machine)


async def _launch(machine: Machine, host: HostFacts, command: launch.Plan) -> QemuVM:
    machine, process, monitor = await launched(machine, command)
    return QemuVM(machine, process, monitor, host=host, warnings=command.warnings)


def _may_be_healed(accelerator: str) -> bool:
    return accelerator not in ("", "tcg") and not resolve.is_forced()


def _healed(accelerator: str, fate: str) -> str:
    return f"started again with emulation (TCG), which is several times slower, because {accelerator} failed: {fate}"
