"""Evaluating an expression on documents: each by itself, as `yq eval`, or all as one input, as `yq eval-all`."""

from collections.abc import Sequence

import msgspec

from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.yq.context import CLOSED, Candidate, Context, Origin, World
from limavm.yq.evaluator import Evaluator
from limavm.yq.parser import parse
from limavm.yq.registry import OPERATORS


def evaluate(
    expression: str, documents: Sequence[Document], *, world: World = CLOSED, together: bool = False
) -> list[Document]:
    """One document for each result; what was handed in is not changed.

    A result that is a whole document keeps the comments and the marker of that. `together` evaluates once, on all
    documents; else an expression is evaluated on each. Raises ExpressionError, also when it takes too much.
    """
    evaluator = Evaluator(OPERATORS, parse, world)
    candidates = _candidates(documents, together)
    if together:
        found = evaluator.run(expression, Context(candidates=candidates))
    else:
        found = [
            result for candidate in candidates for result in evaluator.run(expression, Context(candidates=[candidate]))
        ]
    return [_document(candidate) for candidate in found]


def _candidates(documents: Sequence[Document], together: bool) -> list[Candidate]:
    candidates: list[Candidate] = []
    file_index, index, source = -1, 0, None
    for document in documents:
        # Documents of one file follow one another, and name it.
        file_index, index = (file_index, index + 1) if document.source == source else (file_index + 1, 0)
        source = document.source
        root = document.root.copy() if document.root is not None else Node(kind=Kind.SCALAR)
        own = msgspec.structs.replace(document, root=root)
        origin = Origin(document=own, index=index, file_index=file_index)
        candidates.append(Candidate(node=root, origin=origin, together=together))
    return candidates


def _document(candidate: Candidate) -> Document:
    origin = candidate.origin
    node = candidate.node
    if origin is not None and origin.document.root is node:
        # A document without a value stays one, unless the expression gave it something.
        nothing = node.kind is Kind.SCALAR and not node.value and node.is_null and not node.source
        return msgspec.structs.replace(origin.document, root=None if nothing else node)
    return Document(root=_settled(node), source=origin.document.source if origin is not None else "")


def _settled(node: Node) -> Node:
    """The root of a result: blank lines that stood before it where it came from mean nothing here."""
    if node.blank_before:
        node = msgspec.structs.replace(node, blank_before=0)
    return node
