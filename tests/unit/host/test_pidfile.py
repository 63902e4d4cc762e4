import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.errors import BusyError
from limavm.host import pidfile

HOLDER = "import sys; from limavm.host.pidfile import held\nwith held(sys.argv[1]): print('held', flush=True); input()"


def program(*argv: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def holding(path: Path) -> "subprocess.Popen[str]":
    child = program(HOLDER, str(path))
    assert child.stdout
    assert child.stdout.readline() == "held\n"
    return child


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ha.pid"


@pytest.fixture
def waiting() -> Iterator["subprocess.Popen[str]"]:
    """A process that waits for a line, with a word in its command line."""
    child = program("print(flush=True); input()", "some-marker")
    assert child.stdout
    child.stdout.readline()  # its command line is there only when it runs
    yield child
    child.kill()
    child.communicate()


@pytest.fixture
def dead() -> int:
    """The ID of a process that has ended and was waited for."""
    child = program("")
    child.communicate()
    return child.pid


def test_a_pid_file_holds_a_number_and_a_newline(path: Path) -> None:
    with pidfile.held(str(path)):
        assert path.read_text() == f"{os.getpid()}\n"

    assert not path.exists()


def test_the_file_goes_when_its_owner_fails(path: Path) -> None:
    def fail() -> None:
        with pidfile.held(str(path)):
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - our own
        fail()

    assert not path.exists()


def test_a_missing_or_empty_file_names_nobody(path: Path) -> None:
    assert pidfile.read_pid(str(path)) == 0
    path.touch()
    assert pidfile.read_pid(str(path)) == 0


@pytest.mark.parametrize("text", ["x", "-5", "0", "1.5", "12 34", "\0", "٤٢x"])
def test_a_file_without_a_number_is_an_error(text: str, path: Path) -> None:
    path.write_text(text)

    with pytest.raises(pidfile.PidFileError, match="is not a process ID") as caught:
        pidfile.live_pid(str(path))
    assert "stop --force" in str(caught.value)


def test_whoever_holds_the_lock_is_alive(path: Path) -> None:
    child = holding(path)

    assert pidfile.live_pid(str(path), "no such word") == child.pid

    child.communicate("\n")
    assert pidfile.live_pid(str(path)) == 0


def test_our_own_lock_survives_our_looking_at_it(path: Path) -> None:
    with pidfile.held(str(path)):
        assert pidfile.live_pid(str(path), "no such word") == os.getpid()

        other = program(HOLDER, str(path))
        assert other.communicate("\n")[0] == ""


def test_a_file_cannot_be_held_twice_by_one_process(path: Path) -> None:
    with pidfile.held(str(path)):
        with pytest.raises(RuntimeError), pidfile.held(str(path)):
            pass

        assert path.exists()


def test_a_file_that_another_process_holds_is_busy(path: Path) -> None:
    child = holding(path)

    with pytest.raises(BusyError), pidfile.held(str(path)):
        pass

    assert path.exists()
    child.communicate("\n")


def test_the_file_of_a_killed_process_is_taken_over(path: Path) -> None:
    child = holding(path)
    child.kill()
    child.communicate()
    assert path.exists()

    with pidfile.held(str(path)):
        assert pidfile.read_pid(str(path)) == os.getpid()


def test_a_process_that_ended_is_not_alive(path: Path, dead: int) -> None:
    path.write_text(f"{dead}\n")

    assert pidfile.live_pid(str(path)) == 0


def test_without_a_lock_the_command_line_decides(path: Path, waiting: "subprocess.Popen[str]") -> None:
    path.write_text(f"{waiting.pid}\n")

    assert pidfile.live_pid(str(path), "some-marker", "input") == waiting.pid
    assert pidfile.live_pid(str(path), "some-marker", "qemu") == 0


def test_a_number_that_cannot_be_a_process_is_not_alive(path: Path) -> None:
    path.write_text("99999999999999999999\n")

    assert pidfile.live_pid(str(path)) == 0
    assert not pidfile.send_signal(str(path), signal.SIGTERM)


def test_the_right_process_gets_the_signal(path: Path) -> None:
    child = holding(path)

    assert pidfile.send_signal(str(path), signal.SIGTERM)

    child.communicate()
    assert child.returncode == -signal.SIGTERM


def test_a_recycled_number_gets_no_signal(path: Path, waiting: "subprocess.Popen[str]") -> None:
    path.write_text(f"{waiting.pid}\n")

    assert not pidfile.send_signal(str(path), signal.SIGTERM, "qemu")
    assert waiting.poll() is None


@pytest.mark.parametrize("text", ["", "junk", "-1"])
def test_a_bad_file_sends_no_signal(text: str, path: Path) -> None:
    path.write_text(text)

    assert not pidfile.send_signal(str(path), signal.SIGTERM)


def test_a_missing_file_sends_no_signal(path: Path, dead: int) -> None:
    assert not pidfile.send_signal(str(path), signal.SIGTERM)
    path.write_text(str(dead))
    assert not pidfile.send_signal(str(path), signal.SIGTERM)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_pid_and_start_time_name_a_process_for_ever(waiting: "subprocess.Popen[str]", dead: int) -> None:
    started = pidfile.start_time(waiting.pid)

    assert started is not None
    assert started > 0
    assert pidfile.start_time(waiting.pid) == started
    assert pidfile.start_time(dead) is None
    assert pidfile.command_line(dead) == []
