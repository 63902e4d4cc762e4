"""What a guest tells of its shutdown is read from the console."""

from pathlib import Path

import pytest

from limavm.hostagent.farewell import Farewell, farewell

#: Lines of systemd 257, as a Debian guest wrote them.
OK = "[\x1b[0;32m  OK  \x1b[0m] "
TARGET = OK + "Stopped target \x1b[0;1;39mtimers.target\x1b[0m - Timer Units.\r\n"
STOPPING_SSH = "         Stopping \x1b[0;1;39mssh.service\x1b[0m - OpenBSD Secure Shell server...\r\n"
STOPPED_SSH = OK + "Stopped \x1b[0;1;39mssh.service\x1b[0m - OpenBSD Secure Shell server.\r\n"
STOPPING_DB = "         Stopping \x1b[0;1;39mdb.service\x1b[0m - [syste…TERM; while :; do sleep 1; done]...\r\n"
STOPPING_DIR = "         Stopping \x1b[0;1;39muser-runtime-dir@1000.ser…\x1b[0mRuntime Directory /run/user/1000...\r\n"
STOPPED_DIR = OK + "Stopped \x1b[0;1;39muser-runtime-dir@1000.serv…\x1b[0mr Runtime Directory /run/user/1000.\r\n"


def told(tmp_path: Path, text: str, offset: int = 0) -> Farewell:
    log = tmp_path / "serial.log"
    log.write_text(text, newline="")
    return farewell(str(log), offset)


def test_what_was_asked_to_stop_and_has_not(tmp_path: Path) -> None:
    text = STOPPING_DB + TARGET + STOPPING_SSH + STOPPING_DIR + STOPPED_SSH + STOPPED_DIR

    assert told(tmp_path, text) == Farewell(begun=True, waits_for=("db.service",))


def test_a_service_that_is_stopped_alone_is_no_shutdown(tmp_path: Path) -> None:
    assert told(tmp_path, STOPPING_SSH) == Farewell(begun=False, waits_for=("ssh.service",))


def test_what_an_earlier_run_told_is_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, TARGET + STOPPING_DB, offset=len((TARGET + STOPPING_DB).encode())) == Farewell()


@pytest.mark.parametrize("text", ["", "login: ", "Stopping ", "Stopping " + "x" * 100_000 + "\r\n", "\0\x1b[" * 9000])
def test_anything_else_is_nothing(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == Farewell()


def test_a_log_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert farewell(str(tmp_path / "serial.log")) == Farewell()


def test_the_words_of_a_guest_do_not_drive_the_terminal(tmp_path: Path) -> None:
    assert told(tmp_path, "Stopping \x07\u009b2J.service...\n").waits_for == ("??2J.service",)
