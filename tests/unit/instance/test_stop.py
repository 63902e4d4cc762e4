"""Stopping what does not run, and ending by force whatever is left."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.errors import NotFoundError, UserError
from limavm.host import files, pidfile
from limavm.instance.stop import stop
from tests.fakes.report import KeptReport
from tests.unit.driver.qemu.machines import FAKE

ROOT = Path(__file__).parents[3]

#: Holds a PID file and ignores every signal that can be ignored.
STUBBORN = """
import signal, sys
from limavm.host.pidfile import held
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
with held(sys.argv[1]):
    print("ready", flush=True)
    sys.stdin.read()
"""


#: Stands for an agent and its machine; at SIGINT it logs what is in argv, and ends at once.
AGENT = """
import asyncio, signal, sys
from limavm.host.pidfile import held
from limavm.hostagent.api import json_response, serving
from limavm.hostagent.client import Info

async def main(directory):
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, told.set)
    async with serving(directory + "/ha.sock", {"/v1/info": lambda q: json_response(Info(ssh_local_port=4022))}):
        print("ready", flush=True)
        await told.wait()
    with open(directory + "/ha.stderr.log", "a") as log:
        log.write(sys.argv[2])

with held(sys.argv[1] + "/ha.pid"), held(sys.argv[1] + "/qemu.pid"):
    asyncio.run(main(sys.argv[1]))
"""


def test_what_the_agent_logs_to_its_end_is_told_at_its_level(dev: Path) -> None:
    (dev / "ha.stderr.log").write_text("")
    lines = "".join(f'{{"level":"{level}","msg":"{level}!"}}\n' for level in ("info", "warning", "debug"))
    with subprocess.Popen([sys.executable, "-c", AGENT, str(dev), lines], stdout=subprocess.PIPE) as agent:
        assert agent.stdout
        agent.stdout.readline()
        report = KeptReport()

        stop("dev", force=False, report=report)

    assert report.lines[1:] == ["info: [hostagent] info!", "warning: [hostagent] warning!", "debug: [hostagent] debug!"]


def test_a_stopped_instance_cannot_be_stopped_in_order(dev: Path) -> None:
    with pytest.raises(UserError, match="not running: its status is Stopped") as raised:
        stop("dev", force=False, report=KeptReport())

    assert "stop -f" in (raised.value.hint or "")


def test_force_does_not_mind_a_stopped_instance_and_sweeps(dev: Path) -> None:
    for name in ("ha.sock", "x.tmp", "forwards.json", "qemu.pid"):
        (dev / name).write_text("")
    (dev / "keep").write_text("")

    stop("dev", force=True, report=KeptReport())

    assert not any((dev / name).exists() for name in ("ha.sock", "x.tmp", "forwards.json", "qemu.pid"))
    assert (dev / "keep").exists()


def test_force_deletes_what_the_guest_had_copied_for_this_run_only(dev: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").touch()
    with (dev / "lima.yaml").open("a") as file:
        file.write(f"\ncopyToHost: [{{guest: /x, host: {tmp_path}/copy, deleteOnStop: true}}]\n")

    stop("dev", force=True, report=KeptReport())

    assert not (tmp_path / "copy").exists()


def test_force_kills_the_right_process_and_waits_for_its_end(dev: Path) -> None:
    argv = [sys.executable, "-c", STUBBORN, str(dev / "qemu.pid")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        report = KeptReport()

        stop("dev", force=True, report=report)

        assert child.wait(5) == -9
    assert "info: Killed the machine of 'dev'" in report.lines


def test_force_spares_a_process_that_only_has_the_number(dev: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as bystander:
        (dev / "qemu.pid").write_text(str(bystander.pid))
        (dev / "ha.pid").write_text(str(bystander.pid))

        stop("dev", force=True, report=KeptReport())

        assert bystander.poll() is None


#: An agent that starts the machine in a directory, and is killed before that has come to writing its PID.
HASTY = """
import os, signal, sys
from limavm.driver.qemu.launch import Plan, start
from limavm.host.pidfile import held
from tests.unit.driver.qemu.machines import a_machine
with held(sys.argv[1] + "/ha.pid"):
    argv = (sys.executable, "-S", sys.argv[2], "-pidfile", sys.argv[1] + "/qemu.pid")
    print(start(a_machine(directory=sys.argv[1]), Plan(argv=argv, accelerator="tcg")).pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_force_ends_a_machine_whose_agent_was_killed_before_it_had_a_pid_file(
    dev: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_QEMU", "slow")
    argv = [sys.executable, "-c", HASTY, str(dev), str(FAKE)]
    machine = int(subprocess.run(argv, stdout=subprocess.PIPE, check=False, cwd=ROOT).stdout)

    stop("dev", force=True, report=KeptReport())

    assert pidfile.start_time(machine) is None
    assert not (dev / "qemu.pid").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="locks and pipes")
def test_force_waits_for_the_pid_of_a_machine_that_was_begun_by_the_agent_it_kills(dev: Path) -> None:
    pid_file = dev / "qemu.pid"
    pid_file.touch()
    agent_argv = [sys.executable, "-c", STUBBORN, str(dev / "ha.pid")]
    with subprocess.Popen(agent_argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as agent:
        assert agent.stdout
        agent.stdout.readline()
        with files.locked(str(pid_file)) as lock:  # `cat` ends with the agent
            forked = f"cat <&3; echo $$ >{pid_file}; exec tail -f {dev}/lima.yaml 3<&- </dev/null"
            argv = ["sh", "-c", f'exec 3<"/dev/fd/{agent.stdout.fileno()}"; {forked}']
            machine = subprocess.Popen(argv, stdin=lock, pass_fds=[agent.stdout.fileno()])
        try:
            report = KeptReport()
            stop("dev", force=True, report=report)

            assert machine.wait(5) == -9
        finally:
            machine.kill()
            machine.wait()
    assert "info: Killed the machine of 'dev'" in report.lines


@pytest.mark.skipif(sys.platform == "win32", reason="locks and pipes")
def test_force_waits_for_no_lock_of_a_file_with_a_pid_in_it(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[stop.__module__], "_KILL_LIMIT", math.inf)
    pid_file = dev / "qemu.pid"
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN, str(pid_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as machine:
        assert machine.stdout
        machine.stdout.readline()
        with files.locked(str(pid_file)):  # as QEMU's own lock is on some systems
            stop("dev", force=True, report=KeptReport())

        assert machine.wait(5) == -9


def test_force_does_not_mind_a_file_that_is_removed_while_it_sweeps(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (dev / "ha.sock").touch()
    listed = os.listdir(dev)
    monkeypatch.setattr(os, "listdir", lambda path: [*listed, "ssh.sock"] if path == str(dev) else listed)

    stop("dev", force=True, report=KeptReport())

    assert not (dev / "ha.sock").exists()


def test_a_missing_instance_is_not_found(home: Path) -> None:
    with pytest.raises(NotFoundError):
        stop("nope", force=True, report=KeptReport())
