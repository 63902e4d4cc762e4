"""The plainest operators: the input itself, literals, both of two, nothing."""

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq import building
from limavm.yq.context import Candidate, Context
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.operators.strings import to_yaml_text
from limavm.yq.scalars import scalar
from limavm.yq.traversal import splat
from limavm.yq.tree import Expr


def itself(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`.`"""
    return context.candidates


def literal(_evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """A number, `true`, `false` or `null`: once for each candidate, and once for none."""
    return [Candidate(node=scalar(expr.text, expr.flags)) for _ in range(max(1, len(context.candidates)))]


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


def string(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """A text, with the first result of each expression in it; once for each candidate, and once for none."""
    results: list[Candidate] = []
    for single in [context.one(candidate) for candidate in context.candidates] or [context]:
        value = "".join(
            part if isinstance(part, str) else _inserted(evaluator.evaluate(part, single)) for part in expr.parts
        )
        evaluator.spend_text(len(value))
        results.append(Candidate(node=scalar(value, "!!str")))
    return results


def _inserted(found: list[Candidate]) -> str:
    if not found:
        return ""
    node = found[0].node.resolved
    return node.value if node.kind is Kind.SCALAR else to_yaml_text(node)


def array_to_map(evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`array_to_map`: the numbers of the entries become keys; nulls are left out."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        made = Node(kind=Kind.MAPPING)
        for child in splat(evaluator, context, candidate):
            if not child.node.is_null and child.key is not None:
                building.add_pair(evaluator, made, child.key, child.node)
        results.append(Candidate(node=made, origin=candidate.origin))
    return results


def nothing(_evaluator: Evaluator, _context: Context, _expr: Expr) -> list[Candidate]:
    """`empty`"""
    return []


TABLE: dict[str, Operator] = {
    ".": itself,
    "literal": literal,
    ",": both,
    "string": string,
    "array_to_map": array_to_map,
    "empty": nothing,
}
