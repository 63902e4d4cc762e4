"""Operators on times; what they give was compared with yq, in UTC."""

import pytest

from limavm.roundtrip.nodes import Document
from limavm.yq import ExpressionError, World
from limavm.yq.evaluation import evaluate
from tests.unit.yq.expressions import results

LONG = "Monday, 02-Jan-06 at 3:04PM MST"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f'"2020-01-02T15:04:05Z" | format_datetime("{LONG}")', "Thursday, 02-Jan-20 at 3:04PM UTC\n"),
        ('"2020-01-02T15:04:05+02:00" | format_datetime("2006") | tag', "!!int\n"),
        ('"2020-01-02" | to_unix', "1577923200\n"),
        ('"2020-01-02T15:04:05+02:00" | to_unix', "1577970245\n"),
        ("1577977445.5 | from_unix", "2020-01-02T15:04:05Z\n"),
        ("1577977445 | from_unix | tag", "!!timestamp\n"),
        ('"2020-01-02T15:04:05+02:00" | tz("UTC")', "2020-01-02T13:04:05Z\n"),
        (f'with_dtf("{LONG}"; "Saturday, 15-Dec-01 at 2:59AM GMT" | to_unix)', "1008385140\n"),
        ('with_dtf("02 Jan 06"; "15 Dec 01" + "24h")', "16 Dec 01\n"),
        ('.t += "3h10m" | .t', "2021-01-01T03:10:00Z\n"),
    ],
)
def test_times_are_read_and_written(expression: str, expected: str) -> None:
    assert results(expression, "t: 2021-01-01T00:00:00Z\n") == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('"x" | to_unix', "'x' is no time"),
        ('"x" | from_unix', "from_unix takes a number"),
        ("1e300 | from_unix", "is no time"),
        ('"2020-01-02" | tz("X/Y")', "no time zone 'X/Y'"),
        ('"2020-01-02" | tz("../../etc/passwd")', "no time zone"),
        ('"0001-01-01T00:00:00Z" | tz("America/New_York")', "cannot be told in that zone|no time zone"),
        ('with_dtf("2006")', "with_dtf takes"),
        ("now", "no clock"),
    ],
)
def test_what_is_no_time_is_an_error(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        results(expression, "a: 1\n")


def test_now_is_what_the_clock_says() -> None:
    (document,) = evaluate("now", [Document()], world=World(clock=lambda: 1577977445.9))

    assert document.root is not None
    assert document.root.value == "2020-01-02T15:04:05Z"
