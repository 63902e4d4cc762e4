"""The host agent as the process that `limactl start` leaves behind, with a fake QEMU and a fake ssh."""

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.host.autostart import systemd
from limavm.host.autostart.systemd import Systemd
from limavm.host.files import is_locked
from limavm.host.net import free_tcp_port
from limavm.host.platform import facts
from limavm.instance.autostart import enable
from limavm.instance.create import create
from limavm.instance.inspect import inspect
from limavm.instance.ports import ports
from limavm.instance.start import StartOptions, start
from limavm.instance.stop import stop
from limavm.model.forward import PortState, Route
from limavm.model.instance import Status
from limavm.store.disks import is_alive
from limavm.store.processes import driver_pid, host_agent_pid
from tests.fakes.programs import install
from tests.fakes.report import KeptReport

if sys.platform == "win32":
    pytest.skip("unix sockets and signals", allow_module_level=True)

FAKES = Path(__file__).parents[2] / "fakes"
YAML = """\
images: [{location: "%s"}]
vmType: qemu
firmware: {legacyBIOS: true}
containerd: {system: false, user: false}
plain: true
"""


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory of an instance `dev` that a fake QEMU and a fake ssh can run."""
    programs, guest = tmp_path / "bin", tmp_path / "guest"
    programs.mkdir()
    guest.mkdir()
    name = {"armv7l": "arm", "ppc64le": "ppc64"}.get(facts().arch, facts().arch)
    (programs / f"qemu-system-{name}").write_text(f'#!/bin/sh\nexec {sys.executable} {FAKES / "qemu.py"} "$@"\n')
    (programs / f"qemu-system-{name}").chmod(0o755)
    shutil.copy(FAKES / "ssh.sh", programs / "ssh")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / "h"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_GUEST", str(guest))
    monkeypatch.setenv("LIMA_QEMU_ACCEL", "tcg")
    image = tmp_path / "image.raw"
    image.write_bytes(b"\1" * 4096)
    create("dev", (YAML % image).encode(), report=KeptReport())
    with finishing(tmp_path / "h" / "dev", guest):
        yield tmp_path / "h" / "dev"
    stop("dev", force=True, report=KeptReport())


@contextlib.contextmanager
def finishing(directory: Path, guest: Path) -> Iterator[None]:
    """Be the guest's boot scripts: say that they have finished, with the token of the boot."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.02):
            with contextlib.suppress(OSError, ValueError):
                machine = json.loads((directory / "machine.json").read_text())["machine"]
                (guest / "lima-boot-done").write_text(machine["bootToken"] + "\n")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def statuses(dev: Path) -> list[dict[str, object]]:
    return [json.loads(line)["status"] for line in (dev / "ha.stdout.log").read_text().splitlines()]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_start_comes_to_running_and_a_stop_ends_with_the_last_event(
    dev: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_QEMU", "sshd")
    report = KeptReport()

    running = start("dev", StartOptions(timeout=60), report=report)

    assert running.status is Status.RUNNING
    assert statuses(dev)[0] == {"sshLocalPort": running.ssh_local_port}
    assert report.lines[-1].startswith("info: READY. Run `ssh -F ")
    assert json.loads((dev / "timings.json").read_text())["ready"] > 0
    stop("dev", force=False, report=KeptReport())
    assert inspect("dev").status is Status.STOPPED
    assert statuses(dev)[-1] == {"exiting": True}
    assert not {"ha.pid", "ha.sock", "ssh.sock"} & {path.name for path in dev.iterdir()}


def test_a_plain_guest_has_its_static_ports_without_an_agent_and_its_ready_event_tells_of_none(
    dev: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_QEMU", "sshd")
    port = free_tcp_port()
    rule = f"{{guestIP: 0.0.0.0, guestPort: 8080, hostPort: {port}, proto: tcp, static: true}}"
    with (dev / "lima.yaml").open("a") as file:
        file.write(f"portForwards: [{rule}]\n")

    running = start("dev", StartOptions(timeout=60), report=KeptReport())
    wait_for(lambda: [one.state for one in ports("dev")] == [PortState.FORWARDED])

    [status] = ports("dev")
    assert (status.host_addr, status.route, status.static) == (f"127.0.0.1:{port}", Route.HOSTFWD, True)
    told = {"type": "forwarding", "protocol": "tcp", "guestAddr": "0.0.0.0:8080", "hostAddr": f"127.0.0.1:{port}"}
    assert told in [status.get("portForward") for status in statuses(dev)]
    ready = next(status for status in statuses(dev) if status.get("running"))
    assert ready == {"running": True, "sshLocalPort": running.ssh_local_port}
    assert (dev / "forwards.json").exists()
    stop("dev", force=False, report=KeptReport())
    assert not (dev / "forwards.json").exists()  # all that was open was closed before the machine was ended


def test_files_of_the_guest_are_copied_in_plain_mode_as_well_and_one_that_is_missing_degrades_the_instance(
    dev: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_QEMU", "sshd")
    (tmp_path / "in-the-guest").write_text("kubeconfig")
    copy, stale = dev / "copied-from-guest" / "file", tmp_path / "stale"
    stale.touch()
    with (dev / "lima.yaml").open("a") as file:
        file.write(f"""copyToHost:
- {{guest: {tmp_path}/in-the-guest, host: "{{{{.Dir}}}}/copied-from-guest/file", deleteOnStop: true}}
- {{guest: {tmp_path}/nope, host: {stale}, deleteOnStop: true}}
- {{guest: {tmp_path}/nope, host: {tmp_path}/skipped, skipIfMissing: true}}
""")

    with pytest.raises(UserError, match="was not copied"):
        start("dev", StartOptions(timeout=60), report=KeptReport())

    assert copy.read_text() == "kubeconfig"
    assert not stale.exists()
    [ready] = [status for status in statuses(dev) if status.get("running")]
    assert ready["degraded"] is True
    assert str(ready["errors"]).count("was not copied") == 1
    stop("dev", force=False, report=KeptReport())
    assert not copy.exists()


def test_a_killed_agent_is_followed_by_one_that_adopts_the_machine(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_QEMU", "sshd")
    first = start("dev", StartOptions(timeout=60), report=KeptReport())
    os.kill(first.host_agent_pid, signal.SIGKILL)
    wait_for(lambda: inspect("dev").host_agent_pid == 0)
    assert inspect("dev").status is Status.BROKEN
    with (dev / "serial.log").open("ab") as log:
        log.write(b"Kernel panic - not syncing: in an earlier boot\r\n")
    report = KeptReport()

    second = start("dev", StartOptions(timeout=60), report=report)

    assert second.status is Status.RUNNING
    assert not any("resetting" in line for line in report.lines)
    assert (second.driver_pid, second.ssh_local_port) == (first.driver_pid, first.ssh_local_port)


def test_there_is_no_moment_in_which_a_start_in_the_foreground_holds_its_instance_no_longer_and_not_yet(
    dev: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_QEMU", "sshd")
    starting = os.fork()
    if not starting:  # becomes the host agent
        with contextlib.suppress(BaseException), open(os.devnull, "w") as nothing:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nothing.fileno(), stream.fileno())
            start("dev", StartOptions(foreground=True), report=KeptReport())
        os._exit(1)
    wait_for(lambda: is_locked(str(dev)))

    while not host_agent_pid(str(dev)):
        assert is_alive(str(dev))

    wait_for(lambda: not is_locked(str(dev)))
    wait_for(lambda: driver_pid(str(dev), "qemu"))  # who is killed while it starts one cannot have it ended
    stop("dev", force=True, report=KeptReport())
    os.waitpid(starting, 0)


def test_a_second_start_waits_with_the_first(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="goes on booting"):
        start("dev", StartOptions(timeout=0.01), report=KeptReport())  # a guest without sshd never is ready
    report = KeptReport()

    with pytest.raises(UserError, match="goes on booting"):
        start("dev", StartOptions(timeout=0.2), report=report)

    assert report.lines[0] == "info: The instance 'dev' is being started already; waiting for it"


def test_a_start_of_a_running_instance_leaves_it_alone(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_QEMU", "sshd")
    first = start("dev", StartOptions(timeout=60), report=KeptReport())
    report = KeptReport()

    assert start("dev", StartOptions(timeout=60), report=report).host_agent_pid == first.host_agent_pid
    assert report.lines == ["info: The instance 'dev' is running already. Run `limactl shell dev` to open a shell."]


def test_a_machine_that_dies_makes_the_instance_stopped(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_QEMU", "sshd")
    running = start("dev", StartOptions(timeout=60), report=KeptReport())

    os.kill(running.driver_pid, signal.SIGKILL)

    wait_for(lambda: inspect("dev").status is Status.STOPPED)
    assert any("signal 9" in str(status.get("errors")) for status in statuses(dev))


def test_a_kernel_that_panics_twice_ends_the_start_with_its_words(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_QEMU", "kernel-panic")
    report = KeptReport()

    with pytest.raises(UserError, match="panicked twice while booting: no timer"):
        start("dev", StartOptions(timeout=60), report=report)

    assert any("resetting the machine" in line for line in report.lines)
    wait_for(lambda: inspect("dev").status is Status.STOPPED)


def test_a_kernel_that_panics_after_ssh_was_there_gets_one_more_try(
    dev: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_QEMU", "sshd")
    reset = tmp_path / "reset"
    with (dev / "lima.yaml").open("a") as file:
        file.write(f'probes: [{{description: reset, script: "#!/bin/sh\\ntest -e {reset}"}}]\n')
    report = KeptReport()

    def work() -> None:
        wait_for(lambda: any("optional requirement 1 of 1" in line for line in report.lines))
        with (dev / "serial.log").open("ab") as log:
            log.write(b"Kernel panic - not syncing: Fatal exception\r\n")
        wait_for(lambda: any("resetting the machine" in line for line in report.lines))
        reset.touch()

    guest = threading.Thread(target=work)
    guest.start()
    running = start("dev", StartOptions(timeout=60), report=report)
    guest.join()

    assert running.status is Status.RUNNING
    assert any("panicked while booting (Fatal exception)" in line for line in report.lines)


def test_a_hypervisor_that_does_not_start_is_quoted(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_QEMU", "dies")

    with pytest.raises(UserError, match="it cannot be done"):
        start("dev", StartOptions(timeout=60), report=KeptReport())

    wait_for(lambda: inspect("dev").status is Status.STOPPED)


def test_a_machine_that_ignores_its_button_is_killed_by_a_second_signal(
    dev: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_QEMU", "sshd deaf")
    running = start("dev", StartOptions(timeout=60), report=KeptReport())
    log = dev / "ha.stderr.log"

    os.kill(running.host_agent_pid, signal.SIGTERM)
    wait_for(lambda: "shutting down" in log.read_text())
    os.kill(running.host_agent_pid, signal.SIGTERM)

    wait_for(lambda: inspect("dev").status is Status.STOPPED)
    assert "ending at once" in log.read_text()


#: As much of systemd as there is to a unit of ours: runs its command line, and ends it with a signal.
SYSTEMCTL = """#!/bin/sh
unit=${XDG_CONFIG_HOME}/systemd/user/lima-vm@dev.service
case "$*" in
*" start "*)
    command=$(sed -n 's/^ExecStart=//p' "$unit" | sed 's/%i/dev/')
    setsid $command </dev/null >"${unit}.log" 2>&1 &
    echo $! >"${unit}.pid" ;;
*" stop "*) kill -TERM "$(cat "${unit}.pid")" ;;
esac
"""


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is of Linux")
def test_an_instance_that_a_service_manager_starts_comes_to_running_and_ends_in_order(
    dev: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_QEMU", "sshd")
    monkeypatch.setattr(systemd, "BOOTED", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    install("systemctl", SYSTEMCTL, tmp_path, monkeypatch)
    enable("dev", report=KeptReport())
    report = KeptReport()

    running = start("dev", StartOptions(timeout=60), report=report)

    pid = int((tmp_path / "config/systemd/user/lima-vm@dev.service.pid").read_text())
    assert (running.status, running.host_agent_pid) == (Status.RUNNING, pid)
    assert "info: systemd starts the instance 'dev' (lima-vm@dev.service)" in report.lines
    Systemd(os.environ).stop("dev", str(dev))
    wait_for(lambda: inspect("dev").status is Status.STOPPED)
    assert statuses(dev)[-1] == {"exiting": True}
