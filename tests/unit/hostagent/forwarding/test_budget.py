"""How often something may be done."""

from limavm.hostagent.forwarding.budget import Budget


def test_so_much_is_allowed_at_once_and_the_rest_as_time_passes() -> None:
    now = 100.0
    budget = Budget(3, 0.5, lambda: now)

    assert [budget.take() for _ in range(5)] == [True] * 3 + [False] * 2
    now += 2
    assert [budget.take() for _ in range(2)] == [True, False]
    now += 1000
    assert [budget.take() for _ in range(5)] == [True] * 3 + [False] * 2


def test_to_ask_takes_nothing() -> None:
    budget = Budget(1, 0, lambda: 100.0)

    assert [budget.has(), budget.has(), budget.take(), budget.has()] == [True, True, True, False]
