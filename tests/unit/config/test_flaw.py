from limavm.config.errors import MAX_PROBLEMS
from limavm.config.flaw import Flaw, Flaws


def test_flaws_are_kept_in_their_order() -> None:
    flaws = Flaws()

    flaws.add("is odd", "a", 0)
    flaws.unless(True, "is fine", "b")
    flaws.unless(False, "is wrong", "c")

    assert flaws.found == [Flaw(path=("a", 0), message="is odd"), Flaw(path=("c",), message="is wrong")]


def test_a_message_that_quotes_a_long_value_is_cut() -> None:
    flaws = Flaws()

    flaws.add(f"must be short, not {'x' * 10_000!r}", "a")

    assert len(flaws.found[0].message) < 500


def test_one_flaw_says_that_there_are_more_than_anybody_reads() -> None:
    flaws = Flaws()

    for index in range(3 * MAX_PROBLEMS):
        flaws.add("is odd", "a", index)

    assert len(flaws.found) == MAX_PROBLEMS + 1
    assert flaws.found[-1] == Flaw(path=("a", MAX_PROBLEMS), message="here is more that is wrong, which is not listed")
