from limavm.config.flaw import Flaw, Flaws


def test_flaws_are_kept_in_their_order() -> None:
    flaws = Flaws()

    flaws.add("is odd", "a", 0)
    flaws.unless(True, "is fine", "b")
    flaws.unless(False, "is wrong", "c")

    assert flaws.found == [Flaw(path=("a", 0), message="is odd"), Flaw(path=("c",), message="is wrong")]
