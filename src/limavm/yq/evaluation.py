"""Evaluating an expression on documents: each by itself, as `yq eval`, or all as one input, as `yq eval-all`."""

from collections.abc import Sequence

import msgspec

from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.yq.context import CLOSED, Candidate, Context, Origin, World
from limavm.yq.evaluator import Evaluator
from limavm.yq.parser import parse
from limavm.yq.registry import OPERATORS


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One result, and the document that it comes from: yq sets those of different documents apart."""

    document: Document
    #: Of the document in its file, and of the file; both from 0.
    index: int = 0
    file_index: int = 0


def evaluate(
    expression: str, documents: Sequence[Document], *, world: World = CLOSED, together: bool = False
) -> list[Document]:
    """One document for each result; what was handed in is not changed.

    A result that is a whole document keeps the comments and the marker of that. `together` evaluates once, on all
    documents; else an expression is evaluated on each. Raises ExpressionError, also when it takes too much.
    """
    return [found.document for found in results(expression, documents, world=world, together=together)]


def results(
    expression: str, documents: Sequence[Document], *, world: World = CLOSED, together: bool = False
) -> list[Result]:
    """As `evaluate`, with the place of the document that each result comes from."""
    tree = parse(expression)
    evaluator = evaluator_for(world)
    candidates = _candidates(documents, together)
    inputs = [candidates] if together else [[candidate] for candidate in candidates]
    return [
        _result(found)
        for given in inputs
        for found in evaluator.run_parsed(expression, tree, Context(candidates=given))
    ]


def evaluator_for(world: World) -> Evaluator:
    """An evaluator with all operators and bounds of its own, for callers that make the candidates themselves."""
    return Evaluator(OPERATORS, parse, world)


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


def _result(candidate: Candidate) -> Result:
    origin = candidate.origin
    if origin is None:
        return Result(document=document_of(candidate))
    return Result(document=document_of(candidate), index=origin.index, file_index=origin.file_index)


def document_of(candidate: Candidate) -> Document:
    """The document of a result: its own with all comments where it is the whole of it, else a new one."""
    origin = candidate.origin
    node = candidate.node
    if origin is not None and candidate.whole:
        # A document without a value stays one, unless the expression gave it something.
        nothing = node.kind is Kind.SCALAR and not node.value and node.is_null and not node.source
        return msgspec.structs.replace(origin.document, root=None if nothing else node)
    return Document(root=_settled(node), source=origin.document.source if origin is not None else "")


def _settled(node: Node) -> Node:
    """The root of a result: what stood around it where it came from means nothing here."""
    around = {"blank_before": 0}
    if node.kind is Kind.SCALAR:
        return msgspec.structs.replace(node, head_comment="", foot_comment="", **around)
    return msgspec.structs.replace(node, **around)
