from limavm.guestagent.pace import BUSY_SHARE, IDLE_SHARE, LONGEST, SHORTEST, TOGETHER, Pace


def test_a_cheap_look_is_had_as_often_as_it_is_of_use() -> None:
    pace = Pace(SHORTEST)
    pace.spent(0.0001)

    assert pace.idle() == SHORTEST
    assert pace.busy() == TOGETHER


def test_an_expensive_look_takes_a_small_share_of_a_processor() -> None:
    pace = Pace(SHORTEST)
    pace.spent(0.003)

    assert 0.003 / pace.idle() <= IDLE_SHARE
    assert 0.003 / pace.busy() <= BUSY_SHARE


def test_however_expensive_a_look_is_had_every_few_seconds() -> None:
    pace = Pace(SHORTEST)
    pace.spent(30.0)

    assert pace.idle() == pace.busy() == LONGEST


def test_one_look_that_took_long_does_not_count_for_long() -> None:
    pace = Pace(SHORTEST)
    pace.spent(1.0)
    pace.spent(0.0001)

    assert pace.idle() == SHORTEST
