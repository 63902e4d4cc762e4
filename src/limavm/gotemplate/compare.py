"""`eq`, `lt` and the like: which values Go's templates compare, and how."""

from collections.abc import Mapping, Sequence
from typing import Any

from limavm.gotemplate.values import Missing, encoded, type_name


def equal(first: Any, *others: Any) -> bool:
    """Whether the first value is one of the others; raises ValueError for values of different kinds."""
    if not others:
        raise ValueError("there is nothing to compare with")
    return any(_same(first, other) for other in others)


def less(one: Any, other: Any) -> bool:
    """Whether a number or a text comes before another; raises ValueError for anything else."""
    kinds = {_kind(one), _kind(other)}
    if len(kinds) > 1:
        raise ValueError(f"{type_name(one)} cannot be compared with {type_name(other)}")
    if not kinds <= {"int", "float", "text"}:
        raise ValueError(f"{type_name(one)} and {type_name(other)} have no order")
    if isinstance(one, str) and isinstance(other, str):
        return encoded(one) < encoded(other)
    return bool(one < other)


def _same(one: Any, other: Any) -> bool:
    kinds = _kind(one), _kind(other)
    if "nothing" in kinds:
        return kinds == ("nothing", "nothing")
    if kinds[0] != kinds[1]:
        raise ValueError(f"{type_name(one)} cannot be compared with {type_name(other)}")
    if kinds[0] == "collection":
        raise ValueError(f"{type_name(one)} cannot be compared")
    return bool(one == other)


def _kind(value: Any) -> str:
    match value:
        case None | Missing():
            return "nothing"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case complex():
            return "complex"
        case str():
            return "text"
        case Mapping() | Sequence():
            return "collection"
        case _:
            return type(value).__name__
