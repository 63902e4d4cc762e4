"""Following a host agent's logs: partial lines, files made anew, old lines, nonsense."""

from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.instance.follow import Tail, last_status, log_line_of, status_of
from limavm.model.event import AgentStatus


def test_a_file_that_does_not_exist_yet_has_no_lines(tmp_path: Path) -> None:
    assert list(Tail(str(tmp_path / "log")).lines()) == []


def test_a_partial_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    tail = Tail(str(path))
    path.write_bytes(b"one\ntw")
    assert list(tail.lines()) == [b"one"]

    with path.open("ab") as file:
        file.write(b"o\n")

    assert list(tail.lines()) == [b"two"]
    tail.close()


def test_a_file_that_was_made_anew_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"old\n")
    tail = Tail(str(path))
    assert list(tail.lines()) == [b"old"]

    path.rename(tmp_path / "kept")  # so that the new file cannot get the old one's inode
    path.write_bytes(b"new\n")

    assert list(tail.lines()) == [b"new"]
    tail.close()


def test_a_file_that_was_removed_keeps_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"old\n")
    tail = Tail(str(path))
    list(tail.lines())
    path.unlink()

    assert list(tail.lines()) == []
    tail.close()


def test_following_from_the_end_leaves_out_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"old\n")

    tail = Tail(str(path), at_end=True)
    with path.open("ab") as file:
        file.write(b"new\n")

    assert list(tail.lines()) == [b"new"]
    tail.close()


def test_events_from_before_the_command_are_left_out() -> None:
    line = b'{"time":"2026-01-02T03:04:05.123456789Z","status":{"running":true}}'

    assert status_of(line, 0) is not None
    assert status_of(line, 4e9) is None


@pytest.mark.parametrize("line", [b"", b"x", b"[]", b'{"time":"never","status":{}}', b'{"time":1}', b"\xff"])
def test_a_line_that_is_no_event_is_an_error(line: bytes) -> None:
    with pytest.raises(UserError, match="no event"):
        status_of(line, 0)


def test_log_lines_that_are_no_json_are_shown_as_they_are() -> None:
    line = log_line_of(b"Traceback \xff", 0)

    assert line is not None
    assert (line.level, line.msg) == ("info", "Traceback \ufffd")
    assert log_line_of(b"", 0) is None


def test_old_log_lines_are_left_out_with_a_second_of_grace() -> None:
    line = b'{"level":"info","msg":"x","time":"1970-01-01T00:01:40Z"}'

    assert log_line_of(line, 100.5) is not None
    assert log_line_of(line, 101.5) is None


def test_the_last_status_is_that_of_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    event = '{"time":"2026-01-02T03:04:05Z","status":%s}\n'
    path.write_text(event % '{"running":true}' + event % '{"running":true,"degraded":true,"errors":["why"]}' + '{"ti')

    assert last_status(str(path)).errors == ("why",)
    path.write_text("x" * (2 << 20) + "\n" + event % '{"degraded":true}')
    assert last_status(str(path)).degraded


@pytest.mark.parametrize("text", [None, "", "\n", "x\n", "{}\n", '{"time":"2026-01-02T03:04:05Z"'])
def test_where_nothing_is_told_the_last_status_is_empty(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "log"
    if text is not None:
        path.write_text(text)

    assert last_status(str(path)) == AgentStatus()
