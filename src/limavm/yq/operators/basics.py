"""The plainest operators: the input itself, literals, both of two, nothing."""

from limavm.roundtrip import nodes
from limavm.yq.context import Candidate, Context
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.tree import Expr


def itself(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`.`"""
    return context.candidates


def literal(_evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """A number, `true`, `false` or `null`: once for each candidate, and once for none."""
    return [Candidate(node=nodes.scalar(expr.text, tag=expr.flags)) for _ in range(max(1, len(context.candidates)))]


def both(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a, b`: the results of the one, then those of the other."""
    results: list[Candidate] = []
    seen: list[list[Candidate]] = []
    rest: Expr | None = expr
    while rest is not None and rest.op == ",":
        seen.append(evaluator.evaluate(rest.lhs, context))
        rest = rest.rhs
    seen.append(evaluator.evaluate(rest, context))
    for index, candidates in enumerate(seen):
        # Assignments return the very list of their context: `(.a = 1), (.b = 2)` is one result.
        if not any(candidates is other for other in seen[:index]):
            results += candidates
    return results


def nothing(_evaluator: Evaluator, _context: Context, _expr: Expr) -> list[Candidate]:
    """`empty`"""
    return []


TABLE: dict[str, Operator] = {
    ".": itself,
    "literal": literal,
    ",": both,
    "empty": nothing,
}
