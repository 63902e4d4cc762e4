"""The stand-in for msgspec does what msgspec does, as far as the yq room asks for it."""

import copy

import pytest

from limavm.guestyq.structs import Struct, structs


def test_records_have_defaults_of_their_own() -> None:
    class Bag(Struct, kw_only=True):
        name: str
        items: list[int] = []

    one, other = Bag(name="a"), Bag(name="b", items=[2])
    one.items.append(1)

    assert (one.items, other.items, Bag(name="c").items) == ([1], [2], [])


def test_frozen_records_are_compared_and_hashed_by_value_and_cannot_change() -> None:
    class Point(Struct, frozen=True):
        x: int
        y: int = 0

    assert Point(1) == Point(x=1, y=0) != Point(2)
    assert hash(Point(1)) == hash(Point(1))
    assert {Point(1), Point(1)} == {Point(1)}
    with pytest.raises(AttributeError):
        setattr(Point(1), "x", 2)  # noqa: B010 - mypy knows as well
    assert (Point(3, 4).x, Point(3, 4).y) == (3, 4)
    assert Point.__match_args__ == ("x", "y")


def test_without_eq_a_record_equals_only_itself() -> None:
    class Node(Struct, eq=False, kw_only=True):
        value: str

    node = Node(value="a")

    assert node != Node(value="a")
    assert len({node, copy.copy(node)}) == 2


def test_a_record_is_replaced_and_inherits() -> None:
    class Base(Struct, frozen=True, kw_only=True, rename="camel"):
        a: int = 1

    class Derived(Base, frozen=True, kw_only=True):
        b: int = 2

    changed = structs.replace(Derived(a=5), b=6)

    assert isinstance(changed, Derived)
    assert (changed.a, changed.b) == (5, 6)


@pytest.mark.parametrize("given", [{}, {"a": 1, "c": 2}])
def test_what_is_missing_or_unknown_is_an_error(given: dict[str, int]) -> None:
    class Record(Struct, kw_only=True):
        a: int

    with pytest.raises(TypeError):
        Record(**given)
