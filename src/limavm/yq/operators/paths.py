"""Paths: keys, indices, slices, everything below."""

from limavm.roundtrip.nodes import Kind
from limavm.yq import building
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.numbers import integer
from limavm.yq.scalars import real_tag, scalar
from limavm.yq.traversal import Way, index, splat, step
from limavm.yq.tree import Expr


def key(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`.a`, `.a*`, `.a?`"""
    way = Way(optional="?" in expr.flags)
    return [found for one in context.candidates for found in step(evaluator, context, one, expr.text, way)]


def indexed(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`x[...]`: the right side is what stands in the brackets, collected."""
    inner = expr.rhs.rhs if expr.rhs is not None else None
    if inner is not None and inner.op == ":":
        return _sliced(evaluator, context, expr.lhs, inner)
    way = Way(optional="?" in expr.flags)
    results: list[Candidate] = []
    for single in context.inputs():
        indices = evaluator.evaluate(inner, single.reading()) if inner is not None else []
        wanted = [candidate.node for candidate in indices]
        for candidate in evaluator.evaluate(expr.lhs, single):
            results += index(evaluator, context, candidate, wanted, way)
    return results


def _sliced(evaluator: Evaluator, context: Context, base: Expr | None, bounds: Expr) -> list[Candidate]:
    results: list[Candidate] = []
    for candidate in evaluator.evaluate(base, context):
        single = context.one(candidate)
        begin, end = _bound(evaluator, single, bounds.lhs), _bound(evaluator, single, bounds.rhs)
        node = candidate.node.resolved
        if node.kind is Kind.SCALAR and real_tag(node) == "!!str":
            results.append(candidate.replaced(scalar(node.value[begin:end], node.full_tag, node.style)))
        elif node.kind is Kind.MAPPING:
            raise Trouble("a map cannot be sliced")
        else:
            results.append(candidate.result(building.sequence(evaluator, node.items[begin:end])))
    return results


def _bound(evaluator: Evaluator, context: Context, expr: Expr | None) -> int:
    found = evaluator.evaluate(expr, context)
    if len(found) != 1:
        raise Trouble(f"a slice needs one number, not {len(found)} results")
    return integer(found[0].node.resolved.value)


def below(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`..` and, with the keys, `...`: each candidate and all that it holds, parents first."""
    way = Way(follow=False, keys=expr.op == "...")
    results: list[Candidate] = []
    waiting = context.candidates[::-1]
    while waiting:
        candidate = waiting.pop()
        evaluator.spend(1)
        results.append(candidate)
        if candidate.node.items or candidate.node.pairs:
            waiting += splat(evaluator, context, candidate, way)[::-1]
    return results


TABLE: dict[str, Operator] = {"step": key, "[": indexed, "..": below, "...": below}
