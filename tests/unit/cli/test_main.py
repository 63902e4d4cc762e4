import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from limavm.cli.main import guarded, main
from limavm.errors import ChildExit, UserError
from tests.unit.cli.harness import Run, limactl_process, make_instance

pytestmark = pytest.mark.usefixtures("fresh_logs", "home")


def raising(error: BaseException) -> int:
    def command() -> int:
        raise error

    return guarded(command)


def test_an_expected_failure_is_one_line_with_where_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(UserError("it broke", where="file:3", hint="mend it")) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r'level=fatal msg="it broke\n  where: file:3\n  hint:  mend it"')


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_the_code_of_a_child_is_ours_without_a_word(capsys: pytest.CaptureFixture[str], code: int) -> None:
    assert raising(ChildExit(code)) == code
    assert capsys.readouterr().err == ""


def test_ctrl_c_is_one_line_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(KeyboardInterrupt()) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE, errno.EFBIG])
def test_a_host_that_cannot_is_no_defect(capsys: pytest.CaptureFixture[str], number: int) -> None:
    assert raising(OSError(number, os.strerror(number), "/a/file")) == 1

    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert f"/a/file: {os.strerror(number)}" in err
    assert ("make room" in err) == (number == errno.ENOSPC)


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), OSError(errno.EBADF, "bad"), AssertionError()])
def test_a_defect_keeps_its_traceback_and_says_how_to_report_it(
    capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    assert raising(error) == 1

    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "report it" in err.splitlines()[-1]


def test_a_closed_pipe_is_quiet(home: Path) -> None:
    for number in range(50):
        make_instance(home, f"instance-{number}")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "limavm", "list", "-q"], stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)

    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("args", "code"), [("list", 0), ("frob", 1), ("help", 0), ("list --format json", 0)])
def test_closed_streams_do_no_harm(home: Path, redirection: str, args: str, code: int) -> None:
    make_instance(home, "dev")
    command = f"{sys.executable} -P -m limavm {args} {redirection}"

    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)

    assert done.returncode == code
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("args", [["--version"], ["help"]])
def test_a_full_disk_is_told(home: Path, args: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "limavm", *args], stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert done.returncode == 1
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_during_a_command_is_one_line_and_128_and_its_number(
    home: Path, tmp_path: Path, name: str, code: int
) -> None:
    if sys.platform == "win32":
        pytest.skip("this needs a POSIX system")
    fifo = tmp_path / "fifo.yaml"
    os.mkfifo(fifo)
    child = subprocess.Popen([sys.executable, "-P", "-m", "limavm", "validate", str(fifo)], stderr=subprocess.PIPE)
    descriptor = os.open(fifo, os.O_WRONLY)  # returns when the command has opened it
    try:
        child.send_signal(signal.Signals[name])
        _, err = child.communicate(timeout=30)
    finally:
        os.close(descriptor)

    assert child.returncode == code
    assert b"Traceback" not in err
    assert len(err.splitlines()) == 1


def test_without_a_home_directory_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch, limactl: Run) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("LIMA_HOME")

    done = limactl("list")

    assert done.code == 1
    assert "LIMA_HOME" in done.message


def test_a_lima_home_that_is_a_file_is_an_error(monkeypatch: pytest.MonkeyPatch, limactl: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / "file"))

    assert limactl("list").code == 1


def test_the_program_runs_as_a_module() -> None:
    begun = time.monotonic()

    done = limactl_process("--version")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("limactl version ")
    assert time.monotonic() - begun < 30


def test_main_returns_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["frob"]) == 1
    assert main(["--help"]) == 0
