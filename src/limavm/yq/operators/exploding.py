"""`explode(path)`: aliases become what they refer to, merge keys the pairs that they bring, anchors vanish."""

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import MAX_NODE_DEPTH, Evaluator, Operator
from limavm.yq.traversal import merge_sources
from limavm.yq.tree import Expr


def explode(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`explode(path)`, in place."""
    for candidate in context.candidates:
        for found in evaluator.evaluate(expr.rhs, context.one(candidate)):
            _explode(evaluator, found.node, 0)
    return context.candidates


def _explode(evaluator: Evaluator, node: Node, depth: int) -> None:
    evaluator.spend(1)
    if depth > MAX_NODE_DEPTH:
        raise Trouble("aliases refer to one another without an end")
    if node.kind is Kind.ALIAS and node.target is not None:
        copied = evaluator.copy(node.resolved)
        node.kind, node.value, node.tag, node.style = copied.kind, copied.value, copied.tag, copied.style
        node.items, node.pairs, node.target = copied.items, copied.pairs, None
    node.anchor = ""
    if any(key.is_merge for key, _ in node.pairs):
        node.pairs = _merged(evaluator, node)
    for child in node.children():
        _explode(evaluator, child, depth + 1)


def _merged(evaluator: Evaluator, node: Node) -> list[tuple[Node, Node]]:
    """The pairs of a mapping with those of its merge keys in their place; its own win, then the first."""
    taken = {key.value for key, _ in node.pairs}
    pairs: list[tuple[Node, Node]] = []
    for key, value in node.pairs:
        if not key.is_merge:
            pairs.append((key, value))
            continue
        for source in merge_sources(value):
            for other, brought in _flat(evaluator, source, 0):
                if other.value not in taken:
                    taken.add(other.value)
                    pairs.append((evaluator.copy(other), evaluator.copy(brought)))
    return pairs


def _flat(evaluator: Evaluator, node: Node, depth: int) -> list[tuple[Node, Node]]:
    """The pairs of a mapping, those that it merges in itself included."""
    evaluator.spend(len(node.pairs))
    if depth > MAX_NODE_DEPTH:
        raise Trouble("aliases refer to one another without an end")
    own = [pair for pair in node.pairs if not pair[0].is_merge]
    for key, value in node.pairs:
        if key.is_merge:
            for source in merge_sources(value):
                own += _flat(evaluator, source, depth + 1)
    return own


TABLE: dict[str, Operator] = {"explode": explode}
