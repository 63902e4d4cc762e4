from limavm.guestagent.pace import BUSY_SHARE, IDLE_SHARE, LONGEST, SHORTEST, TOGETHER, Pace


def warm() -> Pace:
    """One that has the first look, which does not count, behind it."""
    pace = Pace(SHORTEST)
    pace.spent(1.0)
    return pace


def test_the_first_look_says_nothing_about_the_next_ones() -> None:
    assert warm().idle() == SHORTEST
    assert warm().busy() == TOGETHER


def test_a_cheap_look_is_had_as_often_as_it_is_of_use() -> None:
    pace = warm()
    pace.spent(0.0001)

    assert pace.idle() == SHORTEST
    assert pace.busy() == TOGETHER


def test_an_expensive_look_takes_a_small_share_of_a_processor() -> None:
    pace = warm()
    pace.spent(0.003)

    assert 0.003 / pace.idle() <= IDLE_SHARE
    assert 0.003 / pace.busy() <= BUSY_SHARE


def test_however_expensive_a_look_is_had_every_few_seconds() -> None:
    pace = warm()
    pace.spent(30.0)

    assert pace.idle() == pace.busy() == LONGEST


def test_one_look_that_took_long_does_not_count_for_long() -> None:
    pace = warm()
    pace.spent(1.0)
    pace.spent(0.0001)

    assert pace.idle() == SHORTEST
