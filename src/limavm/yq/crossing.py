"""Operators of two sides: every result of the left with every result of the right."""

from collections.abc import Callable

from limavm.yq.context import Candidate, Context
from limavm.yq.evaluator import Evaluator
from limavm.yq.tree import Expr

#: None stands for a side without results.
Calculate = Callable[[Candidate | None, Candidate | None], Candidate | None]
#: A result that the left side alone decides, or None.
Early = Callable[[Candidate], Candidate | None]


def cross(
    evaluator: Evaluator,
    context: Context,
    expr: Expr,
    calculate: Calculate,
    *,
    when_empty: bool = False,
    early: Early | None = None,
) -> list[Candidate]:
    """For each candidate: left results times right results; `when_empty` also when a side has none."""
    results: list[Candidate] = []
    for single in context.inputs():
        left: list[Candidate | None] = [*evaluator.evaluate(expr.lhs, single)]
        if not left and when_empty and single.candidates:
            left = [None]
        for one in left:
            decided = early(one) if early is not None and one is not None else None
            if decided is not None:
                results.append(decided)
                continue
            right: list[Candidate | None] = [*evaluator.evaluate(expr.rhs, single)]
            if not right and when_empty:
                right = [None]
            evaluator.spend(len(right))
            found = (calculate(one, other) for other in right)
            results += [result for result in found if result is not None]
    return results


def both_sides(calculate: Callable[[Candidate, Candidate], Candidate]) -> Calculate:
    """For an operator that is nothing when a side is missing."""

    def calculated(left: Candidate | None, right: Candidate | None) -> Candidate | None:
        return calculate(left, right) if left is not None and right is not None else None

    return calculated
