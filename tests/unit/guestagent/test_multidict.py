"""The stand-in for multidict gives what the real one gives, for all that grpclib asks of it."""

from collections.abc import Iterable, Mapping
from typing import Any

import multidict as real
import pytest

from limavm.guestagent.multidict import MultiDict

PAIRS = (("a", "1"), ("b", "2"), ("a", "3"))


@pytest.mark.parametrize("source", [(), PAIRS, {"a": "1", "b": "2"}, MultiDict(PAIRS)])
def test_it_holds_the_pairs_that_the_real_one_holds(source: Any) -> None:
    ours, theirs = MultiDict(source), real.MultiDict(source)

    assert isinstance(ours, Mapping)
    assert list(ours.items()) == list(theirs.items())
    assert (len(ours), list(ours), list(ours.values())[:1]) == (len(theirs), list(theirs), list(theirs.values())[:1])
    assert (ours.get("a"), "b" in ours, ours.get("none", "x")) == (theirs.get("a"), "b" in theirs, "x")


def test_a_key_may_get_one_more_value() -> None:
    ours: MultiDict[str] = MultiDict(PAIRS)

    ours.add("b", "4")

    assert ours["b"] == "2"
    assert ours.getall("b") == ["2", "4"]
    assert ("b", "4") in ours.items()
    assert len(ours.items()) == 4


@pytest.mark.parametrize("look", [lambda values: values["none"], lambda values: values.getall("none")])
def test_a_key_without_a_value_is_missing(look: Any) -> None:
    values: Iterable[Mapping[str, str]] = (MultiDict(PAIRS), real.MultiDict(PAIRS))

    for one in values:
        with pytest.raises(KeyError):
            look(one)
