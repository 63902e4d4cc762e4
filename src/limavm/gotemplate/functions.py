"""The functions of templates: each with the number of values that it takes.

Each raises ValueError, with a sentence, for values that it cannot use. `and` and `or`, which need not
evaluate what they are given, are the business of `evaluator`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from limavm.gotemplate import escapes
from limavm.gotemplate.compare import equal, less
from limavm.gotemplate.printf import printf
from limavm.gotemplate.values import MISSING, Record, decoded, encoded, is_text_map, truth, type_name
from limavm.gotemplate.verbs import Spec, formatted


class Function(msgspec.Struct, frozen=True):
    """What a name stands for: from `least` to `most` values (None: any number)."""

    call: Callable[..., Any]
    least: int = 0
    most: int | None = None


def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(encoded(value))
    if isinstance(value, Mapping | Sequence) and not isinstance(value, Record):
        return len(value)
    raise ValueError(f"{type_name(value)} has no length")


def _index(value: Any, *keys: Any) -> Any:
    if value is None:
        raise ValueError("nothing has no index")
    for key in keys:
        value = _at(value, key)
    return value


def _at(value: Any, key: Any) -> Any:
    if isinstance(value, Mapping) and not isinstance(value, Record):
        if not isinstance(key, str):
            raise ValueError(f"the key of a mapping is a text, not {type_name(key)}")
        return value.get(key, "" if is_text_map(value) else MISSING)
    if isinstance(value, str | Sequence):
        items = encoded(value) if isinstance(value, str) else value
        index = _position(key, len(items))
        if index == len(items):
            raise ValueError(f"the index {index} is out of range")
        return items[index]
    raise ValueError(f"{type_name(value)} has no index")


def _position(key: Any, end: int) -> int:
    if isinstance(key, bool) or not isinstance(key, int):
        raise ValueError(f"an index is a whole number, not {type_name(key)}")
    if not 0 <= key <= end:
        raise ValueError(f"the index {key} is out of range")
    return key


def _slice(value: Any, *bounds: Any) -> Any:
    if not isinstance(value, Sequence) or (isinstance(value, str) and len(bounds) > 2):
        raise ValueError(f"{type_name(value)} cannot be sliced so")
    items = encoded(value) if isinstance(value, str) else value
    positions = [_position(bound, len(items)) for bound in bounds]
    first, last, *most = (positions + [0, len(items)][len(positions) :])[:3]
    if not first <= last <= (most[0] if most else len(items)):
        raise ValueError(f"the slice {first}:{last} is out of range")
    part = items[first:last]
    return decoded(part) if isinstance(part, bytes) else part


def _print(*values: Any) -> str:
    text = ""
    for index, value in enumerate(values):
        if index and not (isinstance(value, str) or isinstance(values[index - 1], str)):
            text += " "
        text += formatted("v", value, Spec())
    return text


def _println(*values: Any) -> str:
    return " ".join(formatted("v", value, Spec()) for value in values) + "\n"


def _escaping(escape: Callable[[str], str]) -> Callable[..., str]:
    """A function that prints its values, and escapes the text."""
    return lambda *values: escape(_print(*("<no value>" if value is None else value for value in values)))


def _printf(pattern: Any, *values: Any) -> str:
    if not isinstance(pattern, str):
        raise ValueError(f"the format is a text, not {type_name(pattern)}")
    return printf(pattern, values)


def _call(function: Any, *_values: Any) -> Any:
    raise ValueError(f"{type_name(function)} is no function")


FUNCTIONS: dict[str, Function] = {
    "not": Function(lambda value: not truth(value), 1, 1),
    "eq": Function(equal, 1),
    "ne": Function(lambda one, other: not equal(one, other), 2, 2),
    "lt": Function(less, 2, 2),
    "le": Function(lambda one, other: less(one, other) or equal(one, other), 2, 2),
    "gt": Function(lambda one, other: not (less(one, other) or equal(one, other)), 2, 2),
    "ge": Function(lambda one, other: not less(one, other), 2, 2),
    "len": Function(_len, 1, 1),
    "index": Function(_index, 1),
    "slice": Function(_slice, 1),
    "print": Function(_print),
    "println": Function(_println),
    "printf": Function(_printf, 1),
    "html": Function(_escaping(escapes.html)),
    "js": Function(_escaping(escapes.js)),
    "urlquery": Function(_escaping(escapes.urlquery)),
    "call": Function(_call, 1),
    "json": Function(escapes.to_json, 1, 1),
}
