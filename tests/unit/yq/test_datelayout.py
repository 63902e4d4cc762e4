import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.yq.datelayout import RFC3339, duration, form, parse

TIME = datetime(2020, 1, 2, 15, 4, 5, 123456, timezone(timedelta(hours=-3, minutes=-30)))


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (RFC3339, "2020-01-02T15:04:05-03:30"),
        ("Mon Monday Jan January MST", "Thu Thursday Jan January -0330"),
        ("06 2006 1 01 2 02 _2 002 __2", "20 2020 1 01 2 02  2 002   2"),
        ("15 3 03 4 04 5 05 PM pm", "15 3 03 4 04 5 05 PM pm"),
        ("-07 -0700 -07:00 Z07 Z0700 Z07:00 -07:00:00", "-03 -0330 -03:30 -03 -0330 -03:30 -03:30:00"),
        ("05.000 05.999999 05,0000000 .00x", "05.123 05.123456 05,1234560 .12x"),
        ("Janet Month _2006 text", "Janet Month _2020 text"),
    ],
)
def test_a_time_is_written_as_the_layout_shows_it(layout: str, expected: str) -> None:
    assert form(layout, TIME) == expected


@pytest.mark.parametrize(
    ("layout", "text", "expected"),
    [
        (RFC3339, "2020-01-02T15:04:05Z", datetime(2020, 1, 2, 15, 4, 5, tzinfo=UTC)),
        (RFC3339, "2020-01-02T15:04:05.5+02:00", datetime(2020, 1, 2, 13, 4, 5, 500000, tzinfo=UTC)),
        (RFC3339, "2020-01-02", datetime(2020, 1, 2, tzinfo=UTC)),
        ("Jan _2 06 3:4 pm", "Dec  5 69 12:07 am", datetime(1969, 12, 5, 0, 7, tzinfo=UTC)),
        ("January 2, 2006 03PM", "March 31, 2021 12PM", datetime(2021, 3, 31, 12, tzinfo=UTC)),
        ("2006.002", "2020.366", datetime(2020, 12, 31, tzinfo=UTC)),
        ("15:04 MST", "01:02 CET", datetime(1, 1, 1, 1, 2, tzinfo=UTC)),
        ("2006 -0700", "2020 -0130", datetime(2020, 1, 1, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_the_layout_shows_it(layout: str, text: str, expected: datetime) -> None:
    assert parse(layout, text) == expected


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        *((RFC3339, ""), (RFC3339, "2020-13-01"), (RFC3339, "2020-02-30T00:00:00Z")),
        *(("2006", "20"), ("15", "25"), ("2006", "0000")),
    ],
)
def test_what_does_not_fit_is_an_error(layout: str, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is for people
        parse(layout, text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("3h10m", 11400), ("-1.5s", -1.5), ("100ms", 0.1), ("0", 0), ("+2h", 7200)]
)
def test_durations_are_those_of_go(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "1d", "1h x", "9" * 30 + "h"])
def test_what_is_no_duration_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is for people
        duration(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back(time: datetime) -> None:
    layout = "Monday 2006-01-02 15:04:05.000000 Z0700"

    assert parse(layout, form(layout, time)) == time


@given(st.text("0123456 aJnMo:-Zpm._", max_size=30), st.text("0123456 aJnMo:-Zpm._", max_size=30))
def test_any_layout_and_text_are_a_time_or_an_error(layout: str, text: str) -> None:
    with contextlib.suppress(ValueError, OverflowError):
        form(layout, parse(layout, text))
