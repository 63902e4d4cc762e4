"""How fast events of the guest agent are taken."""

import pytest

from limavm.hostagent.guestlink.pace import BURST, Pace


def test_a_burst_is_taken_without_a_rest_and_then_one_until_the_next_second() -> None:
    pace = Pace(100.0)

    rests = [pace.rest(100.25, 100.25) for _ in range(BURST)]

    assert rests[:-1] == [0.0] * (BURST - 1)
    assert rests[-1] == pytest.approx(0.75)
    assert pace.rest(101.5, 101.5) == 0.0


def test_an_event_that_takes_long_is_followed_by_a_longer_rest() -> None:
    pace = Pace(100.0)

    assert pace.rest(100.0, 100.01) == pytest.approx(0.0, abs=1e-6)
    assert pace.rest(100.1, 100.21) == pytest.approx(1.0)
