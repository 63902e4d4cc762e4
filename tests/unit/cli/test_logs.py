import json
import re

import pytest

from limavm.cli import logs
from tests.unit.cli.harness import Terminal, python

pytestmark = pytest.mark.usefixtures("fresh_logs")


def test_a_line_for_a_terminal_has_level_seconds_and_a_message_of_44_columns() -> None:
    line = logs.terminal_line(logs.INFO, "hello", {"b": 2, "a": "x y"}, 12.9)

    assert line == "\x1b[36mINFO\x1b[0m[0012] " + "hello".ljust(44) + "  \x1b[36ma\x1b[0m=x y \x1b[36mb\x1b[0m=2"


@pytest.mark.parametrize(
    ("level", "word", "colour"),
    [
        (logs.TRACE, "TRAC", 37),
        (logs.DEBUG, "DEBU", 37),
        (logs.INFO, "INFO", 36),
        (logs.WARNING, "WARN", 33),
        (logs.ERROR, "ERRO", 31),
        (logs.FATAL, "FATA", 31),
    ],
)
def test_each_level_has_its_word_and_colour(level: int, word: str, colour: int) -> None:
    assert logs.terminal_line(level, "m", {}, 0).startswith(f"\x1b[{colour}m{word}\x1b[0m[0000] m")


def test_names_cannot_drive_the_terminal() -> None:
    assert "\x1b]0;" not in logs.terminal_line(logs.INFO, "\x1b]0;title\x07", {"file": "\x1b[2J"}, 0)


def test_a_plain_line_quotes_what_is_no_simple_word() -> None:
    line = logs.plain_line(logs.WARNING, 'two\nlines "x" \\', {"z": "a/b@c", "a": ""}, "2026-01-02T03:04:05Z")

    assert line == (r'time="2026-01-02T03:04:05Z" level=warning msg="two\nlines \"x\" \\" a="" z=a/b@c')


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("simple-word_1.0/@^+", "simple-word_1.0/@^+"),
        ("", '""'),
        ("a b", '"a b"'),
        ("tab\t", r'"tab\t"'),
        ("\x1b[0m", r'"\x1b[0m"'),
        ("größe", '"größe"'),
        ("a=b", '"a=b"'),
    ],
)
def test_values_are_bare_only_if_they_are_simple(text: str, quoted: str) -> None:
    assert logs.quoted(text) == quoted


def test_a_json_line_has_sorted_keys() -> None:
    line = logs.json_line(logs.ERROR, "it broke\n", {"error": ValueError("x"), "count": 3}, "now")

    assert line == r'{"count":3,"error":"x","level":"error","msg":"it broke\n","time":"now"}'


def test_the_time_is_rfc_3339() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", logs.timestamp())


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.debug("detail")
    logs.configure(level=logs.ERROR)
    logs.warning("odd")
    logs.error("bad")

    assert re.findall("level=(\\w+)", capsys.readouterr().err) == ["error"]


def test_json_is_written_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(format="json")
    logs.info("ready", port=22)

    assert json.loads(capsys.readouterr().err)["port"] == 22


def test_records_of_logging_become_our_lines_with_their_traceback() -> None:
    code = """
import logging
from limavm.cli import logbridge
logbridge.install(); logbridge.install()
log = logging.getLogger("limavm.somewhere")
log.warning("odd %s", 1)
log.debug("unseen")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken")
"""
    err = python(code).stderr

    assert err.count("msg=") == 2
    assert 'level=warning msg="odd 1"' in err
    assert "ZeroDivisionError" in err


def test_a_failure_on_a_terminal_is_coloured_and_has_where_and_hint_on_lines_of_their_own() -> None:
    import sys

    terminal = Terminal([sys.executable, "-P", "-m", "limavm", "shell"])
    try:
        code = terminal.ended()
        lines = terminal.shown.splitlines()
        assert code == 1
        assert re.match(r"\x1b\[31mFATA\x1b\[0m\[000\d\] which instance\?", lines[0])
        assert lines[1].startswith("  hint:  ")
    finally:
        terminal.close()


def test_raw_lines_have_no_level_and_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    logs.raw("To run:\n  \x1b[2Jlimactl shell")

    assert capsys.readouterr().err == "To run:\n  ?[2Jlimactl shell\n"
