"""QEMU started, watched, adopted and ended; a fake QEMU as a real process stands in for it."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.driver import ForwardRefusedError, PortTakenError, VirtualMachine
from limavm.driver.qemu import hostfwd, qmp
from limavm.driver.qemu.run import Qemu
from limavm.errors import BusyError, UserError
from limavm.host import pidfile
from limavm.host.backlog import lengthen_backlogs
from limavm.host.net import free_tcp_port
from limavm.model.forward import HostForward
from limavm.model.host import HostFacts
from limavm.model.machine import Machine
from tests.unit.driver.qemu.machines import LINUX, a_machine, install_fake_qemu

if sys.platform == "win32":
    pytest.skip("the fake speaks over a unix socket", allow_module_level=True)

Prepare = Callable[..., Machine]


@pytest.fixture
def host(tmp_path: Path) -> HostFacts:
    return replace(LINUX, home=str(tmp_path))


@pytest.fixture
async def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Prepare]:
    """Makes a machine in a directory with an awkward name; what still runs in the end is killed."""
    directory = tmp_path / "a, ü"
    directory.mkdir()

    def make(misbehaviour: str = "") -> Machine:
        install_fake_qemu(tmp_path, monkeypatch, misbehaviour)
        return a_machine(directory=str(directory))

    yield make
    if vm := await Qemu().adopt(a_machine(directory=str(directory))):
        await vm.kill()
        await vm.close()


async def test_a_machine_runs_and_is_known_by_pid_and_start_time(prepare: Prepare, host: HostFacts) -> None:
    machine = prepare()

    vm = await Qemu("tcg").start(machine, host)

    assert vm.machine.pid == int(Path(machine.directory, "qemu.pid").read_text())
    assert vm.machine.pid_started == pidfile.start_time(vm.machine.pid)
    assert vm.machine.accelerator == "tcg"
    assert Path(machine.directory, "qemu.log").read_text() == "qemu: a line on standard error\n"
    await vm.kill()
    await vm.close()


async def test_it_outlives_the_object_and_is_adopted(prepare: Prepare, host: HostFacts) -> None:
    first = await Qemu("tcg").start(prepare(), host)
    await first.close()

    vm = await Qemu().adopt(first.machine)

    assert vm
    assert vm.machine == first.machine
    assert vm.warnings == ()
    await vm.press_power_button()
    assert await vm.wait() is None


async def test_whoever_asks_is_told_when_a_machine_goes_on_after_its_monitor_had_paused_it(
    prepare: Prepare, host: HostFacts
) -> None:
    vm = await Qemu("tcg").start(prepare(), host)
    resumed = asyncio.Event()
    vm.on_resume(resumed.set)
    waiting = asyncio.create_task(vm.wait())

    os.kill(vm.machine.pid, signal.SIGUSR1)
    await until(vm.is_paused)
    os.kill(vm.machine.pid, signal.SIGUSR2)
    async with asyncio.timeout(10):
        await resumed.wait()

    assert not vm.is_paused()
    await vm.kill()
    await waiting


async def test_events_are_followed_on_a_monitor_that_was_connected_to_again(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("tcg").start(prepare(), host)
    resumed = asyncio.Event()
    vm.on_resume(resumed.set)
    waiting = asyncio.create_task(vm.wait())

    await vm.reconnect()
    os.kill(vm.machine.pid, signal.SIGUSR2)
    async with asyncio.timeout(10):
        await resumed.wait()

    await vm.kill()
    await waiting


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell cheaply")
async def test_a_machine_that_a_signal_has_stopped_is_paused(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("tcg").start(prepare(), host)
    assert not vm.is_paused()

    os.kill(vm.machine.pid, signal.SIGSTOP)
    await until(vm.is_paused)
    os.kill(vm.machine.pid, signal.SIGCONT)
    await until(lambda: not vm.is_paused())

    await vm.kill()
    await vm.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_a_machine_whose_agent_died_before_it_wrote_the_pid_is_adopted(prepare: Prepare, host: HostFacts) -> None:
    machine = prepare()
    first = await Qemu("tcg").start(machine, host)
    await first.close()

    vm = await Qemu().adopt(machine)

    assert vm
    assert (vm.machine.pid, vm.machine.pid_started) == (first.machine.pid, first.machine.pid_started)
    await vm.kill()
    await vm.close()


async def test_another_process_with_the_number_of_ours_is_not_adopted(prepare: Prepare, host: HostFacts) -> None:
    machine = prepare()
    Path(machine.directory, "qemu.pid").write_text(f"{os.getpid()}\n")

    assert await Qemu().adopt(replace(machine, pid=os.getpid(), pid_started=1)) is None


async def test_a_process_that_began_at_another_time_is_not_adopted(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("tcg").start(prepare(), host)

    assert vm.machine.pid_started
    assert await Qemu().adopt(replace(vm.machine, pid_started=vm.machine.pid_started - 1)) is None
    assert await Qemu().adopt(replace(vm.machine, pid=vm.machine.pid + 1)) is None
    await vm.kill()
    await vm.close()


@pytest.mark.parametrize("content", ["", "x", "-1", "999999999999", "4194304\n"])
async def test_a_pid_file_that_means_nothing_is_no_machine(prepare: Prepare, content: str) -> None:
    machine = prepare()
    Path(machine.directory, "qemu.pid").write_text(content)

    assert await Qemu().adopt(machine) is None


async def test_it_is_not_started_twice(prepare: Prepare, host: HostFacts) -> None:
    machine = prepare()
    vm = await Qemu("tcg").start(machine, host)

    with pytest.raises(BusyError, match=f"process {vm.machine.pid}"):
        await Qemu("tcg").start(machine, host)
    await vm.kill()
    await vm.close()


async def test_a_power_off_by_the_guest_is_no_failure(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("tcg").start(prepare(), host)

    await vm.press_power_button()

    assert await vm.wait() is None
    await vm.press_power_button()
    await vm.kill()


async def test_the_reset_button_does_not_end_the_machine(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("tcg").start(prepare(), host)

    await vm.reset()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await vm.wait()
    await vm.kill()
    await vm.close()


async def test_a_deaf_guest_is_killed(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("tcg").start(prepare("deaf"), host)
    await vm.press_power_button()
    await vm.press_power_button()

    await vm.kill()

    assert await vm.wait() is None
    assert await Qemu().adopt(vm.machine) is None


async def test_a_qemu_that_somebody_killed_is_a_failure(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("tcg").start(prepare(), host)
    waiting = asyncio.create_task(vm.wait())
    await asyncio.sleep(0)

    os.kill(vm.machine.pid, signal.SIGKILL)

    assert await waiting == "QEMU ended unexpectedly (signal 9): qemu: a line on standard error"


async def test_an_adopted_qemu_that_somebody_killed_is_a_failure(prepare: Prepare, host: HostFacts) -> None:
    # A process of another parent: the shell that started it is gone, as a killed host agent is.
    machine = prepare()
    vm = await _orphan(machine, host)

    os.kill(vm.machine.pid, signal.SIGKILL)

    assert await vm.wait() == "QEMU ended unexpectedly: qemu: a line on standard error"


async def _orphan(machine: Machine, host: HostFacts) -> VirtualMachine:
    script = (
        "import asyncio, msgspec, sys, os\n"
        "from limavm.driver.qemu.run import Qemu\n"
        "from limavm.model.host import HostFacts\n"
        "from limavm.model.machine import Machine\n"
        "machine = msgspec.json.decode(sys.argv[1], type=Machine)\n"
        "host = msgspec.json.decode(sys.argv[2], type=HostFacts)\n"
        "asyncio.run(Qemu('tcg').start(machine, host))\n"
        "os._exit(0)\n"
    )
    import msgspec

    arguments = [msgspec.json.encode(machine).decode(), msgspec.json.encode(host).decode()]
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, *arguments)
    assert await parent.wait() == 0
    vm = await Qemu().adopt(machine)
    assert vm
    return vm


async def test_a_panic_of_the_guest_is_a_failure(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("tcg").start(prepare("panics"), host)

    assert await vm.wait() == "the guest's kernel panicked"


async def test_a_wait_may_be_cancelled_and_begun_again(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("tcg").start(prepare(), host)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await vm.wait()

    await vm.press_power_button()

    assert await vm.wait() is None


async def test_a_qemu_that_ends_at_once_is_an_error_with_its_last_words(prepare: Prepare, host: HostFacts) -> None:
    with pytest.raises(UserError, match=r"ended at once \(exit status 1\): qemu: it cannot be done"):
        await Qemu("tcg").start(prepare("dies"), host)


async def test_a_taken_port_is_told_apart(prepare: Prepare, host: HostFacts) -> None:
    with pytest.raises(PortTakenError, match="port 60022"):
        await Qemu("kvm").start(prepare("port-taken"), host)


async def test_what_a_monitor_that_never_answers_leaves_is_ended(prepare: Prepare, host: HostFacts) -> None:
    machine = prepare("silent")
    starting = asyncio.create_task(Qemu("tcg").start(machine, host))
    while not Path(machine.directory, "qmp.sock").exists():
        await asyncio.sleep(0.01)

    starting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await starting
    assert await Qemu().adopt(machine) is None


async def test_a_machine_with_a_hostile_monitor_can_be_waited_for_and_killed(prepare: Prepare, host: HostFacts) -> None:
    machine = prepare()
    first = await Qemu("tcg").start(machine, host)
    await first.close()
    path = Path(machine.directory, "qmp.sock")
    path.unlink()
    path.write_text("no socket")

    vm = await Qemu().adopt(machine)

    assert vm
    assert "monitor does not answer" in vm.warnings[0]
    await vm.press_power_button()
    waiting = asyncio.create_task(vm.wait())
    await vm.kill()
    assert await waiting is None


async def test_an_accelerator_with_which_qemu_ends_at_once_is_given_up(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("kvm").start(prepare("dies:kvm"), host)

    assert vm.machine.accelerator == "tcg"
    [warning] = [text for text in vm.warnings if "kvm failed" in text]
    assert "it cannot be done" in warning
    await vm.kill()
    await vm.close()


@pytest.mark.parametrize("misbehaviour", ["stuck:kvm", "dies-later:kvm"])
async def test_an_accelerator_that_fails_before_the_guest_answered_is_given_up_once(
    prepare: Prepare, host: HostFacts, misbehaviour: str
) -> None:
    vm = await Qemu("kvm").start(prepare(misbehaviour), host)
    first = vm.machine
    changed: asyncio.Queue[Machine] = asyncio.Queue()
    vm.on_change(changed.put_nowait)
    waiting = asyncio.create_task(vm.wait())

    again = await changed.get()

    assert (first.accelerator, again.accelerator) == ("kvm", "tcg")
    assert again == vm.machine
    assert again.pid != first.pid
    assert "kvm failed" in vm.warnings[-1]
    await vm.press_power_button()
    assert await waiting is None


async def test_a_guest_that_has_answered_is_not_started_again(prepare: Prepare, host: HostFacts) -> None:
    vm = await Qemu("kvm").start(prepare("stuck:kvm"), host)
    vm.ready()

    assert await vm.wait() == "the accelerator failed (internal error)"


async def test_a_forced_accelerator_is_not_given_up(
    prepare: Prepare, host: HostFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = prepare("dies:kvm")
    monkeypatch.setenv("LIMA_QEMU_ACCEL", "kvm")

    with pytest.raises(UserError, match="it cannot be done"):
        await Qemu().start(machine, host)


async def test_stale_files_of_an_earlier_run_are_removed(prepare: Prepare, host: HostFacts) -> None:
    machine = prepare()
    for name in ("qmp.sock", "ga.sock", "serial.sock", "serial.log", "qemu.pid", "qemu.log"):
        Path(machine.directory, name).write_text("1" if name == "qemu.pid" else "stale")

    vm = await Qemu("tcg").start(machine, host)

    assert not Path(machine.directory, "serial.log").exists()
    assert not Path(machine.directory, "ga.sock").exists()
    assert "stale" not in Path(machine.directory, "qemu.log").read_text()
    await vm.kill()
    await vm.close()


async def test_a_helper_that_does_not_start_is_an_error_and_qemu_is_not_started(
    prepare: Prepare, host: HostFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = replace(prepare(), tpm=True)
    swtpm = tmp_path / "swtpm"
    swtpm.write_text("#!/bin/sh\nexit 7\n")
    swtpm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    with pytest.raises(UserError, match=r"a helper of QEMU ended at once \(status 7\)"):
        await Qemu("tcg").start(machine, host)
    assert not Path(machine.directory, "qemu.pid").exists()


async def test_ports_are_forwarded_and_listed_also_after_the_monitor_was_lost(
    prepare: Prepare, host: HostFacts
) -> None:
    vm = await Qemu("tcg").start(prepare(), host)
    forward = HostForward(protocol="tcp", host_ip="127.0.0.1", host_port=free_tcp_port(), guest_port=80)

    assert vm.forwards_ports
    await vm.add_forward(forward)
    await vm.close()
    assert await vm.forwards() == [forward]
    with pytest.raises(ForwardRefusedError, match="Could not set up"):
        await vm.add_forward(forward)
    await vm.remove_forward(forward)
    await vm.remove_forward(forward)
    assert await vm.forwards() == []

    await vm.kill()
    with pytest.raises(ForwardRefusedError, match="does not answer"):
        await vm.add_forward(forward)
    await vm.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems share no sockets")
async def test_the_way_to_ssh_takes_a_burst_of_connections(prepare: Prepare, host: HostFacts) -> None:
    machine = prepare("idle")
    port = free_tcp_port()
    machine = replace(machine, nic=replace(machine.nic, ssh_port=port))

    vm = await Qemu("tcg").start(machine, host)

    assert connects_at_once(port) or not lengthen_backlogs(vm.machine.pid)  # where the kernel shares no sockets
    await vm.kill()
    await vm.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems share no sockets")
async def test_forwards_that_are_found_take_a_burst_of_connections(prepare: Prepare, host: HostFacts) -> None:
    """Whoever had QEMU listen has died before it made the queue longer."""
    first = await Qemu("tcg").start(prepare(), host)
    await first.close()
    port = free_tcp_port()
    monitor = await qmp.connect(f"{first.machine.directory}/qmp.sock", 10)
    await hostfwd.add(monitor.human, HostForward(protocol="tcp", host_ip="127.0.0.1", host_port=port, guest_port=80))
    await monitor.close()

    vm = await Qemu().adopt(first.machine)

    assert vm
    assert connects_at_once(port) or not lengthen_backlogs(vm.machine.pid)  # where the kernel shares no sockets
    await vm.kill()
    await vm.close()


def connects_at_once(port: int) -> bool:
    """Whether more connections are taken than a queue of one holds; a packet that is dropped comes again after 1 s."""
    with contextlib.ExitStack() as peers:
        try:
            for _ in range(20):
                peers.enter_context(socket.create_connection(("127.0.0.1", port), timeout=0.9))
        except TimeoutError:
            return False
    return True
