"""`+ - / %`: numbers, texts, lists, maps, dates; `*` is in `merging`.

The result has the tag and the style of the left side; a float is any result of which one side is a float.
"""

import math
from collections.abc import Callable

from limavm.roundtrip.nodes import Kind, Node, Style
from limavm.yq import building, moments
from limavm.yq.context import Candidate, Context
from limavm.yq.crossing import both_sides, cross
from limavm.yq.equality import find_item, find_key
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.numbers import floating, floating_text, integer, integer_text
from limavm.yq.operands import describe
from limavm.yq.scalars import NUMBERS, is_custom, real_tag, scalar, set_tag, set_value
from limavm.yq.tree import Expr


def add(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a + b`; a side without results is as if it were not there."""

    def sum_(left: Candidate | None, right: Candidate | None) -> Candidate | None:
        if left is None or right is None:
            present = left if left is not None else right
            return present.replaced(evaluator.copy(present.node)) if present is not None else None
        return plus(evaluator, context, left, right)

    return cross(evaluator, context.reading(), expr, sum_, when_empty=True)


def subtract(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a - b`"""
    return cross(evaluator, context.reading(), expr, both_sides(lambda a, b: minus(evaluator, context, a, b)))


def divide(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a / b`: a float, or the pieces of a text between separators."""

    def quotient(left: Candidate, right: Candidate) -> Candidate:
        a, b = left.node.resolved, right.node.resolved
        if a.kind is Kind.SCALAR and b.kind is Kind.SCALAR and real_tag(a) == real_tag(b) == "!!str":
            pieces = a.value.split(b.value) if b.value else list(a.value)
            return left.replaced(building.sequence(evaluator, (scalar(piece, "!!str") for piece in pieces)))
        return left.replaced(_calculated(evaluator, a, b, "divided by", None, _quotient))

    return cross(evaluator, context.reading(), expr, both_sides(quotient))


def modulo(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a % b`, with the sign of a."""

    def remainder(left: Candidate, right: Candidate) -> Candidate:
        a, b = left.node.resolved, right.node.resolved
        return left.replaced(_calculated(evaluator, a, b, "taken modulo", _remainder, _float_remainder))

    return cross(evaluator, context.reading(), expr, both_sides(remainder))


def plus(evaluator: Evaluator, context: Context, left: Candidate, right: Candidate) -> Candidate:
    """The sum of two."""
    a, b = left.node.resolved, right.node.resolved
    if a.is_null:
        return left.replaced(evaluator.copy(right.node))
    if a.kind is Kind.SEQUENCE:
        return left.replaced(_joined(evaluator, a, b))
    if a.kind is not b.kind:
        raise Trouble(f"{describe(b)} cannot be added to {describe(a)}")
    if a.kind is Kind.MAPPING:
        return left.replaced(_united(evaluator, a, b))
    if _is_date(context, a):
        return left.replaced(_moved(evaluator, context, a, b, 1))
    if "!!str" in (real_tag(a), real_tag(b)):
        return left.replaced(_concatenated(evaluator, a, b))
    return left.replaced(_calculated(evaluator, a, b, "added to", lambda x, y: x + y, lambda x, y: x + y))


def minus(evaluator: Evaluator, context: Context, left: Candidate, right: Candidate) -> Candidate:
    """The difference of two; of two lists, what the other one does not have."""
    a, b = left.node.resolved, right.node.resolved
    if a.is_null:
        return left.replaced(evaluator.copy(right.node))
    if a.kind is not b.kind or a.kind is Kind.MAPPING:
        raise Trouble(f"{describe(b)} cannot be subtracted from {describe(a)}")
    if a.kind is Kind.SEQUENCE:
        result = building.hollow(evaluator, a)
        for item in a.items:
            if find_item(evaluator, b, item) is None:
                building.add_item(evaluator, result, item)
        return left.replaced(result)
    if _is_date(context, a):
        return left.replaced(_moved(evaluator, context, a, b, -1))
    return left.replaced(_calculated(evaluator, a, b, "subtracted from", lambda x, y: x - y, lambda x, y: x - y))


def _joined(evaluator: Evaluator, a: Node, b: Node) -> Node:
    result = building.hollow(evaluator, a)
    if not a.items:
        result.style = Style.NONE
    for item in a.items:
        building.add_item(evaluator, result, item)
    if b.kind is Kind.SEQUENCE:
        for item in b.items:
            building.add_item(evaluator, result, item)
    elif not b.is_null:
        added = building.add_item(evaluator, result, b)
        if a.items and added.kind is Kind.SCALAR:
            # One more of the same kind looks like the others.
            tag, added.style = added.full_tag, a.items[0].style
            set_value(added, added.value, tag)
    return result


def _united(evaluator: Evaluator, a: Node, b: Node) -> Node:
    result = evaluator.copy(a)
    if not a.pairs:
        result.style = Style.NONE
    for key, value in b.pairs:
        index = find_key(evaluator, result, key)
        if index is None:
            building.add_pair(evaluator, result, key, value)
        else:
            result.pairs[index] = (result.pairs[index][0], evaluator.copy(value))
    return result


def _is_date(context: Context, node: Node) -> bool:
    if node.full_tag == "!!timestamp":
        return True
    return bool(context.date_layout) and real_tag(node) == "!!str" and moments.fits(node.value, context.date_layout)


def _moved(evaluator: Evaluator, context: Context, a: Node, b: Node, sign: int) -> Node:
    result = building.hollow(evaluator, a)
    result.value = moments.moved(a.value, b.value, sign, context.date_layout)
    return result


def _concatenated(evaluator: Evaluator, a: Node, b: Node) -> Node:
    evaluator.spend_text(len(a.value) + len(b.value))
    result = building.hollow(evaluator, a)
    tag = a.full_tag if real_tag(a) == "!!str" else b.full_tag
    other = "" if b.is_null else b.value
    if not is_custom(a) and result.style is not Style.NONE and "\n" not in a.value + other:
        result.style = a.style
    set_value(result, a.value + other, tag)
    return result


def _calculated(
    evaluator: Evaluator,
    a: Node,
    b: Node,
    verb: str,
    whole: Callable[[int, int], int] | None,
    real: Callable[[float, float], float],
) -> Node:
    """The number that two numbers give. Raises Trouble for what are none."""
    if a.kind is not Kind.SCALAR or b.kind is not Kind.SCALAR or not {real_tag(a), real_tag(b)} <= set(NUMBERS):
        first, second = (a, b) if verb in ("divided by", "taken modulo", "multiplied by") else (b, a)
        raise Trouble(f"{describe(first)} cannot be {verb} {describe(second)}")
    result = building.hollow(evaluator, a)
    if whole is not None and real_tag(a) == real_tag(b) == "!!int":
        result.value = integer_text(whole(integer(a.value), integer(b.value)), a.value)
        return result
    try:
        result.value = floating_text(real(floating(a.value), floating(b.value)))
    except OverflowError:
        raise Trouble("the result is too large") from None
    if not is_custom(a):
        set_tag(result, "!!float")
    return result


def calculated(evaluator: Evaluator, a: Node, b: Node) -> Node:
    """The product of two numbers."""
    return _calculated(evaluator, a, b, "multiplied by", lambda x, y: x * y, lambda x, y: x * y)


def _quotient(a: float, b: float) -> float:
    if b != 0:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)


def _remainder(a: int, b: int) -> int:
    if b == 0:
        raise Trouble("nothing can be taken modulo 0")
    return int(math.copysign(1, a)) * (abs(a) % abs(b))


def _float_remainder(a: float, b: float) -> float:
    return math.nan if b == 0 or math.isinf(a) else math.fmod(a, b)


TABLE: dict[str, Operator] = {"+": add, "-": subtract, "/": divide, "%": modulo}
