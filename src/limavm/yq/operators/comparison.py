"""`== != < <= > >=`, `min`, `max`, `contains`, `has`.

`==` takes the right side for a pattern with `*` and `?`, as yq does.
"""

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq import moments, numbers
from limavm.yq.context import Candidate, Context
from limavm.yq.crossing import both_sides, cross
from limavm.yq.equality import find_key, fits
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.numbers import integer
from limavm.yq.operands import describe
from limavm.yq.scalars import NUMBERS, real_tag
from limavm.yq.traversal import splat
from limavm.yq.tree import Expr


def equals(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a == b`, `a != b`; a side without results equals null."""
    wanted = expr.op == "=="

    def compared(left: Candidate | None, right: Candidate | None) -> Candidate | None:
        same = _is_same(left.node.resolved if left else None, right.node.resolved if right else None)
        return _owner(left, right).boolean(same == wanted)

    return cross(evaluator, context if wanted else context.reading(), expr, compared, when_empty=True)


def _is_same(left: Node | None, right: Node | None) -> bool:
    if left is None or right is None or left.is_null:
        return all(node is None or node.is_null for node in (left, right))
    return left.kind is right.kind is Kind.SCALAR and fits(left.value, right.value)


def _owner(left: Candidate | None, right: Candidate | None) -> Candidate:
    """Whose place the result takes."""
    return left or right or Candidate(node=Node(kind=Kind.SCALAR))


def ordered(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a < b` and the like."""

    def compared(left: Candidate | None, right: Candidate | None) -> Candidate | None:
        if left is None or right is None:
            return _owner(left, right).boolean(left is right is None and "=" in expr.op)
        result = is_in_order(context, expr.op, left.node.resolved, right.node.resolved)
        return left.boolean(result)

    return cross(evaluator, context, expr, compared, when_empty=True)


def is_in_order(context: Context, sign: str, left: Node, right: Node) -> bool:
    """Whether `left SIGN right`; raises Trouble for what cannot be compared."""
    for node in (left, right):
        if node.kind is not Kind.SCALAR:
            raise Trouble(f"{describe(node)} cannot be compared by {sign}")
    tags = (real_tag(left), real_tag(right))
    if "!!null" in tags:
        return tags == ("!!null", "!!null") and "=" in sign
    order = _order(context, left, right, tags)
    if order is None:
        raise Trouble(f"{describe(left)} cannot be compared with {describe(right)}")
    if order == 0:
        return "=" in sign
    return order > 0 if ">" in sign else order < 0


def _order(context: Context, left: Node, right: Node, tags: tuple[str, str]) -> int | None:
    if tags[0] in ("!!timestamp", "!!str"):
        order = moments.order(left.value, right.value, context.date_layout)
        if order is not None:
            return order
    if set(tags) <= set(NUMBERS):
        return numbers.order(left, right)
    if set(tags) <= {"!!str", "!!timestamp"}:
        return (left.value > right.value) - (left.value < right.value)
    return None


def extreme(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`min`, `max`: of the children of each candidate; nothing when there are none."""
    sign = "<" if expr.op == "min" else ">"
    results: list[Candidate] = []
    for candidate in context.candidates:
        children = splat(evaluator, context, candidate)
        evaluator.spend(len(children))
        for chosen in children[:1]:
            best = chosen
            for child in children[1:]:
                if is_in_order(context, sign, child.node.resolved, best.node.resolved):
                    best = child
            results.append(best)
    return results


def contains(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`contains(x)`: a part of the text, a subset of the list, some of the map."""

    def contained(left: Candidate, right: Candidate) -> Candidate:
        a, b = left.node.resolved, right.node.resolved
        if a.kind is not b.kind:
            raise Trouble(f"{describe(a)} cannot contain {describe(b)}")
        return left.boolean(_contains(evaluator, a, b, 0))

    return cross(evaluator, context.reading(), expr, both_sides(contained))


def _contains(evaluator: Evaluator, left: Node, right: Node, depth: int) -> bool:
    evaluator.visit(depth)
    left, right = left.resolved, right.resolved
    match left.kind:
        case Kind.MAPPING:
            return right.kind is Kind.MAPPING and all(
                (index := find_key(evaluator, left, key)) is not None
                and _contains(evaluator, left.pairs[index][1], value, depth + 1)
                for key, value in right.pairs
            )
        case Kind.SEQUENCE:
            wanted = right.items if right.kind is Kind.SEQUENCE else [right]
            return all(any(_contains(evaluator, own, item, depth + 1) for own in left.items) for item in wanted)
        case _:
            if right.kind is not Kind.SCALAR or left.full_tag != right.full_tag:
                return False
            return left.is_null or (
                right.value in left.value if left.full_tag == "!!str" else left.value == right.value
            )


def has(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`has(key)`: whether a map has the key, or a list the number."""
    found = evaluator.evaluate(expr.rhs, context.reading())
    wanted = found[0].node.resolved if found else Node(kind=Kind.SCALAR, value="null")
    return [candidate.boolean(_has(candidate.node.resolved, wanted)) for candidate in context.candidates]


def _has(node: Node, wanted: Node) -> bool:
    if node.kind is Kind.MAPPING:
        return any(key.resolved.value == wanted.value for key, _ in node.pairs)
    return node.kind is Kind.SEQUENCE and wanted.full_tag == "!!int" and len(node.items) > integer(wanted.value)


TABLE: dict[str, Operator] = {
    "==": equals,
    "!=": equals,
    "<": ordered,
    "<=": ordered,
    ">": ordered,
    ">=": ordered,
    "min": extreme,
    "max": extreme,
    "contains": contains,
    "has": has,
}
