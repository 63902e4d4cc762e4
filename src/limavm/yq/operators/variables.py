"""Variables: `f as $x | g`, `ref`, `$x`, and `ireduce`."""

import msgspec

from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.tree import Expr


def bound(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`f as $x | g`: the results of g for each result of f; a pipe without a variable never comes here."""
    binding = expr.lhs
    assert binding is not None
    name = _name(binding)
    results: list[Candidate] = []
    for single in context.inputs():
        values = evaluator.evaluate(binding.lhs, single.reading())
        if not values:
            # As in yq: g is evaluated all the same, with a variable that holds nothing.
            results += evaluator.evaluate(expr.rhs, single.setting(name, []))
        for value in values:
            held = value if binding.op == "ref" else copied(evaluator, value)
            results += evaluator.evaluate(expr.rhs, single.setting(name, [held]))
    return results


def copied(evaluator: Evaluator, candidate: Candidate) -> Candidate:
    """A copy in the same place."""
    return msgspec.structs.replace(candidate, node=evaluator.copy(candidate.node))


def _name(binding: Expr) -> str:
    if binding.rhs is None or binding.rhs.op != "$":
        raise Trouble(f"{binding.op} is followed by a variable: `.a {binding.op} $x | ...`")
    return binding.rhs.text


def alone(_evaluator: Evaluator, _context: Context, expr: Expr) -> list[Candidate]:
    """A binding that no pipe follows."""
    raise Trouble(f"a variable is used in what follows it: `.a {expr.op} $x | ...`")


def variable(_evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`$x`"""
    if expr.text not in context.variables:
        raise Trouble(f"there is no variable ${expr.text} here")
    return context.variables[expr.text]


def reduce(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`f as $x ireduce (init; g)`: g is evaluated on what it made before, once for each $x."""
    binding, block = expr.lhs, expr.rhs
    if binding is None or binding.op not in ("as", "ref"):
        raise Trouble("ireduce needs a variable: `.[] as $x ireduce (0; . + $x)`")
    if block is None or block.op != ";":
        raise Trouble("ireduce needs a start and an expression: `.[] as $x ireduce (0; . + $x)`")
    name = _name(binding)
    values = evaluator.evaluate(binding.lhs, context)
    reduced = evaluator.evaluate(block.lhs, context)
    for value in values:
        reduced = evaluator.evaluate(block.rhs, context.on(reduced).setting(name, [value]))
    return reduced


TABLE: dict[str, Operator] = {"|": bound, "as": alone, "ref": alone, "$": variable, "ireduce": reduce}
