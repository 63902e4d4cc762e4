"""Dates that are moved and compared."""

import pytest

from limavm.yq.errors import Trouble
from limavm.yq.moments import fits, moved, order

LAYOUT = "Monday, 02-Jan-06 at 3:04PM"


def test_a_date_is_moved_by_a_duration() -> None:
    assert moved("2021-01-01T23:00:00Z", "1h30m", 1, "") == "2021-01-02T00:30:00Z"
    assert moved("2021-01-01T00:00:00Z", "24h", -1, "") == "2020-12-31T00:00:00Z"
    assert moved("Saturday, 15-Dec-01 at 2:59AM", "3h", 1, LAYOUT) == "Saturday, 15-Dec-01 at 5:59AM"


@pytest.mark.parametrize(
    ("text", "span"), [("2021", "1h"), ("2021-01-01T00:00:00Z", "a day"), ("2021-01-01T00:00:00Z", "99999999999h")]
)
def test_what_cannot_be_moved_is_trouble(text: str, span: str) -> None:
    with pytest.raises(Trouble):
        moved(text, span, 1, "")


def test_dates_are_compared_across_zones() -> None:
    assert order("2021-01-01T00:00:00Z", "2021-01-01T01:00:00+01:00", "") == 0
    assert order("2021-01-01", "2021-01-01T00:00:01Z", "") == -1
    assert order("x", "2021-01-01", "") is None


def test_a_text_fits_the_layout_or_not() -> None:
    assert fits("2021-01-01T00:00:00Z", "")
    assert not fits("hello", "")
    assert not fits("2021-01-01T00:00:00Z", LAYOUT)
