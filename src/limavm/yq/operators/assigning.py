"""Assignment: `=`, `|=`, `+=`, `-=`, `*=`, `//=`, and `with`, `set_path`.

The documents are changed in place; the results are the candidates as they came in.
"""

from collections.abc import Callable

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq import building
from limavm.yq.context import Candidate, Context
from limavm.yq.crossing import both_sides, cross
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.operators import arithmetic, merging, places
from limavm.yq.scalars import is_true
from limavm.yq.traversal import step
from limavm.yq.tree import Expr


def assign(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a = b` with b of the input, `a |= b` with b of each a."""
    clobber = "c" in expr.flags
    # What is missing on the left is made before anything is assigned.
    targets = evaluator.evaluate(expr.lhs, context)
    if "|" in expr.flags:
        # Children before their parents: `.. |= [.]` wraps each once.
        for target in reversed(targets):
            found = evaluator.evaluate(expr.rhs, context.one(target))
            if found:
                put(evaluator, target, found[0].node, clobber=clobber, keep_anchor=True)
        return context.candidates

    def update(left: Candidate, right: Candidate) -> Candidate:
        put(evaluator, left, right.node, clobber=clobber, keep_anchor=True)
        return left

    cross(evaluator, context.reading(), expr, both_sides(update))
    return context.candidates


def put(
    evaluator: Evaluator, target: Candidate, node: Node, *, clobber: bool = False, keep_anchor: bool = False
) -> None:
    """Make a candidate's node what another node is."""
    building.update(evaluator, target.node, node, clobber=clobber, keep_anchor=keep_anchor)
    if target.parent is not None and target.parent.node.kind is Kind.MAPPING and not target.is_key:
        building.bare(target.node)


def compound(calculate: Callable[[Evaluator, Context, Expr, Candidate, Candidate], Candidate]) -> Operator:
    """`a OP= b`: each a becomes `a OP b`, with b of the input."""

    def assigned(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
        for single in context.inputs():
            for target in evaluator.evaluate(expr.lhs, single):
                before = target.replaced(evaluator.copy(target.node))
                for other in evaluator.evaluate(expr.rhs, single.reading()):
                    result = calculate(evaluator, context, expr, before, other)
                    put(evaluator, target, result.node, clobber="c" in expr.flags)
        return context.candidates

    return assigned


def otherwise(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a //= b`: each a that is null or false becomes b."""
    for single in context.inputs():
        for target in evaluator.evaluate(expr.lhs, single):
            if not is_true(target.node):
                for other in evaluator.evaluate(expr.rhs, single.reading())[:1]:
                    put(evaluator, target, other.node)
    return context.candidates


def with_(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`with(path; f)`: f is evaluated on what is at the path, for what it assigns there."""
    path, body = _two(expr, "with")
    for target in evaluator.evaluate(path, context):
        evaluator.evaluate(body, context.one(target))
    return context.candidates


def set_path(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`set_path([...]; value)`"""
    path, value = _two(expr, "set_path")
    found = evaluator.evaluate(path, context.reading())
    if len(found) != 1:
        raise Trouble(f"set_path needs one path, not {len(found)}")
    steps = places.path_of(found[0].node, "set_path")
    for candidate in context.candidates:
        values = evaluator.evaluate(value, context.one(candidate).reading())
        if len(values) != 1:
            raise Trouble(f"set_path needs one value, not {len(values)}")
        targets = [candidate]
        for key in steps:
            targets = [next_ for target in targets for next_ in step(evaluator, context, target, key)]
        for target in targets:
            put(evaluator, target, values[0].node)
    return context.candidates


def _two(expr: Expr, name: str) -> tuple[Expr, Expr]:
    if expr.rhs is None or expr.rhs.op != ";" or expr.rhs.lhs is None or expr.rhs.rhs is None:
        raise Trouble(f"{name} needs two arguments with a ';' between them")
    return expr.rhs.lhs, expr.rhs.rhs


TABLE: dict[str, Operator] = {
    "=": assign,
    "+=": compound(lambda evaluator, context, _, a, b: arithmetic.plus(evaluator, context, a, b)),
    "-=": compound(lambda evaluator, context, _, a, b: arithmetic.minus(evaluator, context, a, b)),
    "*=": compound(lambda evaluator, _context, expr, a, b: merging.times(evaluator, a, b, expr.flags)),
    "//=": otherwise,
    "with": with_,
    "set_path": set_path,
}
