"""`and`, `or`, `not`, `//`, `any`, `all`: null and false are false, everything else is true."""

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq.context import Candidate, Context
from limavm.yq.crossing import cross
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.operands import describe
from limavm.yq.scalars import is_true
from limavm.yq.tree import Expr


def logical(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a and b`, `a or b`; b is not evaluated when a decides."""
    decisive = expr.op == "or"

    def early(left: Candidate) -> Candidate | None:
        return left.boolean(decisive) if is_true(left.node) is decisive else None

    def calculate(left: Candidate | None, right: Candidate | None) -> Candidate | None:
        owner = left or right or Candidate(node=Node(kind=Kind.SCALAR))
        if left is None and not decisive:
            return owner.boolean(False)
        return owner.boolean(right is not None and is_true(right.node))

    return cross(evaluator, context.reading(), expr, calculate, when_empty=True, early=early)


def inverted(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`not`"""
    return [candidate.boolean(not is_true(candidate.node)) for candidate in context.candidates]


def alternative(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a // b`: a where it is true, else b."""

    def early(left: Candidate) -> Candidate | None:
        return left if is_true(left.node) else None

    return cross(
        evaluator, context, expr, lambda left, right: right if right is not None else left, when_empty=True, early=early
    )


def any_all(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`any`, `all`, and with a condition `any_c(f)`, `all_c(f)`: of the entries of a list."""
    wanted = expr.op.startswith("any")
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = candidate.node.resolved
        if node.kind is not Kind.SEQUENCE:
            raise Trouble(f"{expr.op} needs a list, and this is {describe(node)}")
        found = any(
            truth is wanted
            for child in candidate.replaced(node).children()
            for truth in _truth(evaluator, context, child, expr.rhs)
        )
        results.append(candidate.boolean(found is wanted))
    return results


def _truth(evaluator: Evaluator, context: Context, child: Candidate, condition: Expr | None) -> list[bool]:
    if condition is None:
        return [is_true(child.node)]
    # An entry for which the condition has no result does not count.
    return [is_true(found.node) for found in evaluator.evaluate(condition, context.one(child).reading())[:1]]


TABLE: dict[str, Operator] = {
    "and": logical,
    "or": logical,
    "not": inverted,
    "//": alternative,
    "any": any_all,
    "all": any_all,
    "any_c": any_all,
    "all_c": any_all,
}
