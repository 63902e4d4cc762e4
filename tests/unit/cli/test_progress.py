import re
import sys
from dataclasses import dataclass

import pytest

from limavm.cli.progress import LogReporter, span, state
from tests.unit.cli.harness import Terminal

MIB = 1 << 20
pytestmark = pytest.mark.usefixtures("fresh_logs")


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return re.findall(r'msg="([^"]*)"', capsys.readouterr().err)


def test_work_of_less_than_a_second_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with LogReporter(clock).transfer("downloading", 10 * MIB) as work:
        clock.now += 0.9
        work.advance(10 * MIB)

    assert lines(capsys) == []


def test_without_a_terminal_there_is_a_line_every_five_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with LogReporter(clock).transfer("downloading", 40 * MIB) as work:
        for _ in range(20):
            clock.now += 0.5
            work.advance(MIB)

    assert lines(capsys) == [
        "downloading: 2MiB of 40MiB (5%), 2MiB/s, 19s left",
        "downloading: 12MiB of 40MiB (30%), 2MiB/s, 14s left",
    ]


def test_a_total_may_become_known_later(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with LogReporter(clock).transfer("x") as work:
        clock.now += 2
        work.advance(2 * MIB)
        clock.now += 6
        work.total(8 * MIB)

    assert lines(capsys) == ["x: 2MiB, 1MiB/s", "x: 2MiB of 8MiB (25%), 256KiB/s, 24s left"]


def test_what_an_earlier_command_downloaded_does_not_count_for_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with LogReporter(clock).transfer("x", 40 * MIB) as work:
        work.advance(20 * MIB)
        clock.now += 5
        work.advance(10 * MIB)

    assert lines(capsys) == ["x: 30MiB of 40MiB (75%), 2MiB/s, 5s left"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.4, "59s"), (59.6, "1m00s"), (185, "3m05s"), (7800, "2h10m")]
)
def test_times_in_words(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_what_is_complete_has_no_rate_that_sinks_while_other_work_goes_on() -> None:
    assert state(2 * MIB, 2 * MIB, 100) == "2MiB of 2MiB (100%)"


def test_more_than_the_total_is_not_more_than_everything() -> None:
    assert state(3 * MIB, 2 * MIB, 1) == "3MiB of 2MiB (100%)"
    assert state(0, 0, 0) == "0B"


def test_on_a_terminal_a_bar_shows_rate_and_time_left_and_vanishes() -> None:
    code = """
from limavm.cli.progress import LogReporter
now = [0.0]
report = LogReporter(lambda: now[0])
with report.transfer("downloading [bold]x", 4 << 20) as work:
    now[0] = 2.0
    work.advance(1 << 20)
    report.info("a line in between")
    work.advance(1 << 20)
report.info("done")
"""
    terminal = Terminal([sys.executable, "-c", code], columns=120)
    try:
        assert terminal.ended() == 0
        assert "downloading [bold]x" in terminal.shown
        assert "a line in between" in terminal.shown
        assert "2MiB of 4MiB (50%), 1MiB/s, 2s left" in terminal.shown
        assert terminal.shown.endswith("\n")
        assert "\x1b[?25h" in terminal.shown  # the cursor is back
    finally:
        terminal.close()
