"""What an instance is said to be doing, for every combination of its processes and files."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.errors import NotFoundError, UserError
from limavm.instance.inspect import inspect
from limavm.model.instance import Status

#: Holds PID files as the agent and QEMU do, and answers on the agent's socket.
HOLDER = """
import asyncio, contextlib, sys
from limavm.host.pidfile import held
from limavm.hostagent.api import json_response, serving
from limavm.hostagent.client import Info

async def main(directory):
    async with serving(directory + "/ha.sock", {"/v1/info": lambda q: json_response(Info(ssh_local_port=4022))}):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)

with contextlib.ExitStack() as stack:
    for name in sys.argv[2:]:
        stack.enter_context(held(sys.argv[1] + "/" + name))
    if "ha.pid" in sys.argv:
        asyncio.run(main(sys.argv[1]))
    else:
        print("ready", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def processes(dev: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    argv = [sys.executable, "-c", HOLDER, str(dev), *request.param]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline()
        yield child.pid
        child.communicate()


def test_a_created_instance_is_stopped(dev: Path) -> None:
    found = inspect("dev")

    assert found.status is Status.STOPPED
    assert (found.cpus, found.memory, found.disk) == (3, 1 << 30, 5 << 30)
    assert (found.hostname, found.dir, found.vm_type) == ("lima-dev", str(dev), "qemu")
    assert found.lima_version == "2.2.0"
    assert not found.protected


def test_the_message_is_rendered_with_the_instance(dev: Path) -> None:
    assert inspect("dev").message == f"hello from dev (3 CPUs, Stopped) in {dev}"


@pytest.mark.parametrize("processes", [("ha.pid", "qemu.pid")], indirect=True)
def test_an_agent_and_a_machine_are_a_running_instance(processes: int) -> None:
    found = inspect("dev")

    assert found.status is Status.RUNNING
    assert (found.host_agent_pid, found.driver_pid, found.ssh_local_port) == (processes, processes, 4022)


@pytest.mark.parametrize("processes", [("qemu.pid",)], indirect=True)
def test_a_machine_without_an_agent_is_broken_and_says_what_helps(processes: int) -> None:
    found = inspect("dev")

    assert found.status is Status.BROKEN
    assert found.host_agent_pid == 0
    assert "limactl start" in found.errors[0]


@pytest.mark.parametrize("processes", [("ha.pid",)], indirect=True)
def test_an_agent_without_a_machine_is_broken(processes: int) -> None:
    found = inspect("dev")

    assert found.status is Status.BROKEN
    assert found.errors == ("host agent is running but driver is not",)


def test_a_stale_pid_file_does_not_make_an_instance_run(dev: Path) -> None:
    for name in ("ha.pid", "qemu.pid"):
        (dev / name).write_text("1\n")

    assert inspect("dev").status is Status.STOPPED


def test_an_unreadable_pid_file_is_broken(dev: Path) -> None:
    (dev / "ha.pid").write_text("what?")

    found = inspect("dev")

    assert found.status is Status.BROKEN
    assert found.errors == (f"the PID file {dev}/ha.pid is damaged: 'what?' is not a process ID",)


def test_the_port_of_a_stopped_instance_is_that_of_its_ssh_config(dev: Path) -> None:
    (dev / "ssh.config").write_text("Host lima-dev\n  Port 60123\n")

    assert inspect("dev").ssh_local_port == 60123


@pytest.mark.parametrize("name", ["ssh.config", "lima-version"])
def test_a_file_that_cannot_be_read_and_is_not_needed_costs_what_it_would_tell(dev: Path, name: str) -> None:
    (dev / name).unlink(missing_ok=True)
    (dev / name).mkdir()

    found = inspect("dev")

    assert (found.status, found.ssh_local_port) == (Status.STOPPED, 0)


def test_a_bad_message_is_broken_with_the_place_of_the_mistake(dev: Path) -> None:
    text = (dev / "lima.yaml").read_text()
    (dev / "lima.yaml").write_text(text.replace("{{.Name}}", "{{.Name"))

    found = inspect("dev")

    assert found.status is Status.BROKEN
    assert "message" in found.errors[0]


def test_a_configuration_that_cannot_be_read_leaves_the_status_unknown(dev: Path) -> None:
    (dev / "lima.yaml").write_text("cpus: many\n")

    found = inspect("dev")

    assert found.status is Status.UNKNOWN
    assert found.config is None
    assert "cpus" in found.errors[0]


def test_a_missing_instance_is_not_found_and_a_bad_name_is_refused(home: Path) -> None:
    with pytest.raises(NotFoundError, match="no instance 'nope'"):
        inspect("nope")
    for name in ("", "../x", "a/b", "é", "x" * 200, "a.yaml"):
        with pytest.raises(UserError):
            inspect(name)


def test_a_changed_file_changes_what_is_said(dev: Path) -> None:
    assert inspect("dev").cpus == 3
    text = (dev / "lima.yaml").read_text()

    (dev / "lima.yaml").write_text(text.replace("cpus: 3", "cpus: 5"))

    assert inspect("dev").cpus == 5
