"""Who a running QEMU is, and how it is ended."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.driver.qemu.running import Running, found_pid, ours
from limavm.host import pidfile
from tests.unit.driver.qemu.machines import a_machine

if sys.platform == "win32":
    pytest.skip("signals", allow_module_level=True)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def test_a_process_lives_until_it_is_killed(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    running = Running(child.pid, pidfile.start_time(child.pid), str(tmp_path / "qemu.pid"))
    assert running.lives()

    running.kill()
    child.wait()

    assert not running.lives()
    running.kill()
    assert running.status() is None


@pytest.mark.skipif(sys.platform != "linux", reason="start times are known on Linux")
def test_another_process_with_the_same_number_is_not_killed(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    running = Running(child.pid, 1, str(tmp_path / "qemu.pid"))

    running.kill()

    assert not running.lives()
    assert child.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_process_that_is_dead_but_not_reaped_does_not_live(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    running = Running(child.pid, pidfile.start_time(child.pid), str(tmp_path / "qemu.pid"))

    running.kill()

    while running.lives():
        pass
    assert pidfile.start_time(child.pid) is None
    assert pidfile.exists(child.pid)


def test_our_own_child_tells_its_exit_status_once(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    running = ours(a_machine(directory=str(tmp_path)), child)

    running.kill()

    assert running.status() == -9
    assert running.status() is None


@pytest.mark.parametrize("content", ["", "zero", "0", "-5", "99999999999999999999"])
def test_a_pid_file_without_a_pid_names_nobody(tmp_path: Path, content: str) -> None:
    path = tmp_path / "qemu.pid"
    path.write_text(content)

    assert found_pid(str(path)) == 0


def test_a_number_of_a_process_that_is_no_qemu_names_nobody(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    path = tmp_path / "qemu.pid"
    path.write_text(f"{child.pid}\n")

    assert found_pid(str(path)) == 0
