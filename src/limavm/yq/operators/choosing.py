"""Choosing among candidates and children by a condition, and applying an expression to children."""

from itertools import islice

from limavm.yq import building
from limavm.yq.context import Candidate, Context
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.scalars import is_true
from limavm.yq.traversal import resolved, splat
from limavm.yq.tree import Expr


def holds(evaluator: Evaluator, context: Context, candidate: Candidate, condition: Expr | None) -> bool:
    """Whether any result of the condition is true; nothing is created on the way."""
    return any(is_true(found.node) for found in evaluator.evaluate(condition, context.one(candidate).reading()))


def select(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`select(f)`"""
    return [candidate for candidate in context.candidates if holds(evaluator, context, candidate, expr.rhs)]


def filtered(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`filter(f)`: a list of the children for which f holds."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        children = splat(evaluator, context, candidate)
        kept = [child.node for child in children if holds(evaluator, context, child, expr.rhs)]
        results.append(Candidate(node=building.sequence(evaluator, kept, like=candidate.node), origin=candidate.origin))
    return results


def mapped(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`map(f)`: a list of what f makes of the children."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        children = splat(evaluator, context, candidate)
        if not children:
            results.append(candidate.replaced(evaluator.copy(candidate.node)))
            continue
        found = [result.node for result in evaluator.evaluate(expr.rhs, context.on(children))]
        results.append(
            Candidate(node=building.sequence(evaluator, found, like=candidate.node), origin=candidate.origin)
        )
    return results


def map_values(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`map_values(f)`: the children become what f makes of them, in place."""
    for candidate in context.candidates:
        for child in reversed(splat(evaluator, context, candidate)):
            found = evaluator.evaluate(expr.rhs, context.one(child))
            if found:
                building.update(evaluator, child.node, found[0].node)
    return context.candidates


def first(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`first`: the first child; `first(f)`: the first child for which f holds."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        if expr.rhs is None:
            results += islice(resolved(candidate).children(), 1)
            continue
        children = splat(evaluator, context, candidate)
        results += islice((child for child in children if holds(evaluator, context, child, expr.rhs)), 1)
    return results


TABLE: dict[str, Operator] = {
    "select": select,
    "filter": filtered,
    "map": mapped,
    "map_values": map_values,
    "first": first,
}
