"""A peer that is not trusted fills no log."""

import logging

import pytest

from limavm.hostagent.guestlink.complaints import Complaints, quoted


def test_one_line_of_a_kind_is_logged_in_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    times = iter([0.0, 1.0, 59.0, 61.0, 61.0])
    complaints = Complaints(lambda: next(times))

    for _ in range(4):
        complaints.tell("nonsense", "x")
    complaints.tell("other nonsense")

    assert [record.getMessage() for record in caplog.records] == [
        "nonsense: x",
        "nonsense: x (and 2 times since it was last said)",
        "other nonsense",
    ]


@pytest.mark.parametrize(
    ("words", "shown"),
    [("plain", "plain"), ("a\nb\x1b[2J", r"a\nb\x1b[2J"), ("é\ud800", r"\xe9\ud800"), ("x" * 500, "x" * 119 + "…")],
)
def test_what_is_quoted_is_short_and_printable(words: str, shown: str) -> None:
    assert quoted(words) == shown
    assert len(quoted("\n" * 500)) <= 120
