"""`del` and `del_paths`."""

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq import building
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.operators.places import path_of
from limavm.yq.traversal import Way, step
from limavm.yq.tree import Expr

_EXACT = Way(exact=True)


def delete(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`del(path)`: what is found there is taken out; a root is taken out of the results."""
    return _without(evaluator, context.candidates, evaluator.evaluate(expr.rhs, context.reading()))


def _without(evaluator: Evaluator, candidates: list[Candidate], found: list[Candidate]) -> list[Candidate]:
    evaluator.spend(len(found))
    roots = {id(candidate.node) for candidate in found if candidate.parent is None}
    inner = [candidate for candidate in found if candidate.parent is not None]
    for candidate in inner:
        _keep_leading_comment(candidate)
    _take_out(inner)
    if not roots:
        return candidates
    return [candidate for candidate in candidates if id(candidate.node) not in roots]


def _keep_leading_comment(candidate: Candidate) -> None:
    """What stands above the first key of a document is said about the document, and stays."""
    parent, origin = candidate.parent, candidate.origin
    if parent is None or not parent.whole or origin is None or not parent.node.pairs:
        return
    key, value = parent.node.pairs[0]
    if candidate.node in (key, value):
        building.move_to_document(key, origin.document)


def _take_out(found: list[Candidate]) -> None:
    parents: dict[int, Node] = {}
    unwanted: set[int] = set()
    for candidate in found:
        assert candidate.parent is not None
        parents[id(candidate.parent.node)] = candidate.parent.node
        unwanted.add(id(candidate.node))
    for parent in parents.values():
        if parent.kind is Kind.MAPPING:
            parent.pairs = [pair for pair in parent.pairs if unwanted.isdisjoint(map(id, pair))]
        else:
            parent.items = [item for item in parent.items if id(item) not in unwanted]


def delete_paths(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`del_paths([[...], ...])`: what is at these paths."""
    found = evaluator.evaluate(expr.rhs, context.reading())
    paths = found[0].node.resolved if len(found) == 1 else None
    if paths is None or paths.kind is not Kind.SEQUENCE:
        raise Trouble('del_paths needs a list of paths: [["a", 0], ["b"]]')
    candidates = context.candidates
    for path in paths.items:
        targets = candidates
        for key in path_of(path, "del_paths"):
            targets = [next_ for target in targets for next_ in step(evaluator, context.reading(), target, key, _EXACT)]
        candidates = _without(evaluator, candidates, targets)
    return candidates


TABLE: dict[str, Operator] = {"del": delete, "del_paths": delete_paths}
