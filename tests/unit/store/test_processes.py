"""A PID file counts only while the right process lives."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.host import pidfile
from limavm.store import processes


def test_no_file_means_no_process(tmp_path: Path) -> None:
    assert processes.host_agent_pid(str(tmp_path)) == 0
    assert processes.driver_pid(str(tmp_path), "qemu") == 0


def test_a_recycled_pid_is_not_the_agent(tmp_path: Path) -> None:
    (tmp_path / "ha.pid").write_text(f"{os.getpid()}\n")
    (tmp_path / "qemu.pid").write_text(f"{os.getpid()}\n")

    assert processes.host_agent_pid(str(tmp_path)) == 0
    assert processes.driver_pid(str(tmp_path), "qemu") == 0


def test_an_agent_that_holds_its_file_is_alive_whatever_its_command_line(tmp_path: Path) -> None:
    code = "import sys\nfrom limavm.host.pidfile import held\n"
    code += "with held(sys.argv[1]):\n print(flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "ha.pid")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout
        child.stdout.readline()
        assert processes.host_agent_pid(str(tmp_path)) == child.pid
        child.kill()

    assert processes.host_agent_pid(str(tmp_path)) == 0
    with pidfile.held(str(tmp_path / "ha.pid")):
        pass
    assert not (tmp_path / "ha.pid").exists()


def test_an_agent_of_lima_is_known_by_its_command_line(tmp_path: Path) -> None:
    instance = tmp_path / "dev"
    instance.mkdir()
    # `exec -a` gives the child another name, and the unused arguments make its command line.
    script = f"exec -a limactl {sys.executable} -c 'input()' hostagent --pidfile {instance}/ha.pid dev"
    with subprocess.Popen(["bash", "-c", script], stdin=subprocess.PIPE) as child:
        (instance / "ha.pid").write_text(str(child.pid))
        while (pidfile.command_line(child.pid) or [""])[0] != "limactl":
            pass
        assert processes.host_agent_pid(str(instance)) == child.pid
        child.kill()


@pytest.mark.parametrize("content", ["x", "-5", "0", "12 13", "9" * 40])
def test_a_file_without_a_pid_is_an_error_or_nobody(content: str, tmp_path: Path) -> None:
    (tmp_path / "ha.pid").write_text(content)

    with contextlib.suppress(ValueError):
        assert processes.host_agent_pid(str(tmp_path)) == 0


def test_a_file_that_is_being_written_is_nobody_yet(tmp_path: Path) -> None:
    (tmp_path / "ha.pid").write_text("")

    assert processes.host_agent_pid(str(tmp_path)) == 0
