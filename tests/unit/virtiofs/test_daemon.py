"""One daemon as a child."""

import os
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("virtiofs is for Linux hosts", allow_module_level=True)
assert sys.platform == "linux"

from limavm.virtiofs.daemon import Daemon, Pace  # noqa: E402 - there is none of it elsewhere
from limavm.virtiofs.wire import Lost, Message, Request  # noqa: E402 - there is none of it elsewhere
from tests.unit.virtiofs.test_keeper import FAKE  # noqa: E402 - there is none of it elsewhere


def start(tmp_path: Path, *more: str) -> Daemon:
    log = str(tmp_path / "log")
    return Daemon([sys.executable, "-S", str(FAKE), "{fd}", log, *more], str(tmp_path / "d.sock"))


def test_it_is_spoken_to_on_a_connection_that_nobody_else_finds(tmp_path: Path) -> None:
    daemon = start(tmp_path)

    answer = daemon.ask(Message(Request.GET_QUEUE_NUM))

    assert answer
    assert answer.number() == 2
    assert not (tmp_path / "d.sock").exists()
    daemon.end()


def test_orders_are_not_waited_for(tmp_path: Path) -> None:
    daemon = start(tmp_path)

    assert daemon.ask(Message(Request.SET_OWNER)) is None
    daemon.end()


def test_one_that_ends_instead_of_an_answer_is_lost(tmp_path: Path) -> None:
    daemon = start(tmp_path, str(int(Request.GET_FEATURES)))

    with pytest.raises(Lost):
        daemon.ask(Message(Request.GET_FEATURES))
    assert daemon.end() == 0


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Lost, match="No such file"):
        Daemon([str(tmp_path / "nothing"), "{fd}"], str(tmp_path / "d.sock"))


def test_one_that_does_not_want_to_end_is_killed(tmp_path: Path) -> None:
    daemon = Daemon(["/bin/sh", "-c", "trap '' TERM; exec sleep 1000", "{fd}"], str(tmp_path / "d.sock"))
    daemon.grace = 0.1

    assert daemon.end() is None
    with pytest.raises(ProcessLookupError):
        os.kill(daemon.pid, 0)


def test_the_first_restart_is_at_once_and_the_next_ones_are_not() -> None:
    now = 0.0
    pace = Pace(lambda: now)

    pauses = [pace.next_pause() for _ in range(9)]

    assert pauses[:4] == [0.0, 0.1, 0.2, 0.4]
    assert pauses[-1] == Pace.LONGEST


def test_one_that_has_lasted_is_replaced_at_once_again() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    pace.next_pause()
    pace.next_pause()
    pace.started()

    now = Pace.LASTS + 1

    assert pace.next_pause() == 0.0
