"""Construction: `[...]` and `{...}`."""

from itertools import cycle

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq import building
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.operators import merging
from limavm.yq.tree import Expr


def listed(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`[f]`: a list of all results, for each candidate."""
    results: list[Candidate] = []
    for single in context.inputs():
        node = Node(kind=Kind.SEQUENCE)
        # Without any candidate there is a list still: `empty | []`.
        for one in _each(single) if expr.rhs is not None else ():
            for result in evaluator.evaluate(expr.rhs, one):
                building.add_item(evaluator, node, result.node)
        alone = len(single.candidates) == 1
        results.append(single.candidates[0].result(node) if alone else Candidate(node=node))
    return results


def _each(single: Context) -> list[Context]:
    """The candidates one by one; those that are one input together make nothing that is missing."""
    if len(single.candidates) == 1 and not single.candidates[0].together:
        return [single]
    return [single.one(candidate).reading() for candidate in single.candidates]


def mapped(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`{k: v, ...}`: a map for each candidate, and one for each combination of several keys and values."""
    results: list[Candidate] = []
    singles = [context.one(candidate) for candidate in context.candidates] or [context]
    if expr.rhs is None and context.candidates and context.candidates[0].together:
        # `. as $x ireduce ({}; . * $x)` merges all documents into one.
        singles = singles[:1]
    for single in singles:
        origin = single.candidates[0].origin if single.candidates else None
        made: list[Node] = [] if expr.rhs is not None else [Node(kind=Kind.MAPPING)]
        for field in _fields(expr.rhs):
            pairs = _pairs(evaluator, single, field)
            evaluator.spend(len(made) * len(pairs))
            bases = made or [Node(kind=Kind.MAPPING)]
            if len(pairs) > 1:
                bases = [evaluator.copy(base) for base in bases for _ in pairs]
            made = [_extended(evaluator, base, *pair) for base, pair in zip(bases, cycle(pairs), strict=False)]
        results += [Candidate(node=node, origin=origin) for node in made]
    return results


def _fields(expr: Expr | None) -> list[Expr]:
    fields: list[Expr] = []
    while expr is not None and expr.op == "," and expr.lhs is not None:
        fields.append(expr.lhs)
        expr = expr.rhs
    return [*fields, expr] if expr is not None else fields


def _pairs(evaluator: Evaluator, context: Context, field: Expr) -> list[tuple[Node, Node]]:
    if field.op != ":":
        raise Trouble('an entry of {...} is a key and a value: {"a": 1}')
    keys = evaluator.evaluate(field.lhs, context)
    values = evaluator.evaluate(field.rhs, context) if keys else []
    evaluator.spend(len(keys) * len(values))
    return [(key.node, value.node) for key in keys for value in values]


def _extended(evaluator: Evaluator, node: Node, key: Node, value: Node) -> Node:
    if node.find(key.value) is not None:
        # The same key twice: maps are merged, anything else is replaced.
        added = Node(kind=Kind.MAPPING, pairs=[(key, value)])
        return merging.times(evaluator, Candidate(node=node), Candidate(node=added), "").node
    building.add_pair(evaluator, node, key, value)
    return node


TABLE: dict[str, Operator] = {"[]": listed, "{}": mapped}
