"""Numbers in scalars: how they are read, and how results are written."""

import math
import re

from limavm.model.floats import shortest
from limavm.roundtrip.nodes import Node
from limavm.yq.errors import Trouble
from limavm.yq.scalars import real_tag

_PREFIXES = {"0x": (16, "0x{:X}"), "0X": (16, "0x{:X}"), "0o": (8, "0o{:o}")}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.?(inf|nan|infinity)", re.IGNORECASE)
_BITS = 64


def integer(text: str) -> int:
    """The value of an integer of at most 64 bits; raises Trouble."""
    plain = text.replace("_", "")
    base, _ = _PREFIXES.get(plain[:2], (10, ""))
    digits = plain[2:] if base != 10 else plain
    try:
        if len(digits) > _BITS or (base == 10 and not _DECIMAL.fullmatch(digits)):
            raise ValueError
        value = int(digits, base)
    except ValueError:
        raise Trouble(f"{_short(text)} is no whole number") from None
    return _bounded(value)


def integer_text(value: int, like: str) -> str:
    """A result as hexadecimal or octal when the operand was; raises Trouble when it has more than 64 bits."""
    _, form = _PREFIXES.get(like.replace("_", "")[:2], (10, "{}"))
    return form.format(_bounded(value))


def floating(text: str) -> float:
    """The value of a number; raises Trouble."""
    if _FLOAT.fullmatch(text):
        return float(text)
    special = _SPECIAL.fullmatch(text)
    if special:
        return float(special[1] + special[2])
    return float(integer(text))


def floating_text(value: float) -> str:
    """As Go prints it, but infinities and NaN as YAML has them."""
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return shortest(value)


def order(left: Node, right: Node) -> int:
    """Negative, zero or positive, of two numbers; raises Trouble for what is none."""
    if real_tag(left) == real_tag(right) == "!!int":
        return integer(left.value) - integer(right.value)
    first, second = floating(left.value), floating(right.value)
    return (first > second) - (first < second)


def _bounded(value: int) -> int:
    if not -(1 << _BITS - 1) <= value < 1 << _BITS - 1:
        raise Trouble("a whole number of more than 64 bits")
    return value


def _short(text: str) -> str:
    return repr(text if len(text) < 40 else text[:40] + "…")
