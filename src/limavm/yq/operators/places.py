"""Where a candidate was found: its path, key, parents, line, document and file."""

import msgspec

from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.yq import building
from limavm.yq.context import Candidate, Context, Origin
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.numbers import integer
from limavm.yq.scalars import scalar
from limavm.yq.tree import Expr


def path(evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`path`: a list of keys and numbers."""
    return [candidate.result(_path_node(evaluator, candidate)) for candidate in context.candidates]


def _path_node(evaluator: Evaluator, candidate: Candidate) -> Node:
    steps = candidate.path
    evaluator.spend(len(steps))
    return building.sequence(
        evaluator, (scalar(str(step), "!!int" if isinstance(step, int) else "!!str") for step in steps)
    )


def path_of(node: Node, name: str) -> list[str | int]:
    """The path that a list of keys and numbers means; raises Trouble naming the operator."""
    node = node.resolved
    if node.kind is not Kind.SEQUENCE:
        raise Trouble(f"{name} needs a path: a list of keys and numbers")
    steps: list[str | int] = []
    for item in (entry.resolved for entry in node.items):
        if item.kind is not Kind.SCALAR or item.full_tag not in ("!!str", "!!int"):
            raise Trouble(f"{name}: a path consists of texts and whole numbers, not {item.full_tag}")
        steps.append(integer(item.value) if item.full_tag == "!!int" else item.value)
    return steps


def key(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`key`: the key of a value, the number of an entry; nothing for a root."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        if candidate.key is None:
            continue
        in_map = candidate.parent is not None and candidate.parent.node.kind is Kind.MAPPING
        results.append(Candidate(node=candidate.key, parent=candidate.parent, is_key=in_map, origin=candidate.origin))
    return results


def is_key(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`is_key`"""
    return [candidate.boolean(candidate.is_key) for candidate in context.candidates]


def parent(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`parent`, `parent(2)`; `parent(-1)` is the root."""
    level = integer(expr.text)
    results: list[Candidate] = []
    for candidate in context.candidates:
        line = [candidate, *ancestors(evaluator, candidate)]
        wanted = level if level >= 0 else max(0, len(line) + level)
        results += line[wanted : wanted + 1]
    return results


def ancestors(evaluator: Evaluator, candidate: Candidate) -> list[Candidate]:
    """The parent, its parent and so on."""
    found: list[Candidate] = []
    above = candidate.parent
    while above is not None:
        found.append(above)
        above = above.parent
    evaluator.spend(len(found))
    return found


def parents(evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`parents`: a list of all of them, the nearest first."""
    return [
        Candidate(
            node=building.sequence(evaluator, (above.node for above in ancestors(evaluator, candidate))),
            origin=candidate.origin,
        )
        for candidate in context.candidates
    ]


def root(evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`root`"""
    return [[candidate, *ancestors(evaluator, candidate)][-1] for candidate in context.candidates]


def line(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`line`: counted from 1, 0 for what an expression made."""
    return [candidate.integer(candidate.node.line) for candidate in context.candidates]


def column(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`column`: counted from 1, 0 for what an expression made."""
    return [candidate.integer(candidate.node.column) for candidate in context.candidates]


def file_name(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`filename`"""
    return [
        candidate.text(candidate.origin.document.source if candidate.origin is not None else "")
        for candidate in context.candidates
    ]


def file_index(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`file_index`, `fi`: of the file, from 0."""
    return [
        candidate.integer(candidate.origin.file_index if candidate.origin is not None else 0)
        for candidate in context.candidates
    ]


def document_index(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`document_index`, `di`: of the document in its file, from 0."""
    return [
        candidate.integer(candidate.origin.index if candidate.origin is not None else 0)
        for candidate in context.candidates
    ]


def split_doc(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`split_doc`: each result becomes a document of its own."""
    results: list[Candidate] = []
    for index, candidate in enumerate(context.candidates):
        origin = candidate.origin or Origin(document=Document())
        results.append(Candidate(node=candidate.node, origin=msgspec.structs.replace(origin, index=index)))
    return results


TABLE: dict[str, Operator] = {
    "path": path,
    "key": key,
    "is_key": is_key,
    "parent": parent,
    "parents": parents,
    "root": root,
    "line": line,
    "column": column,
    "file_name": file_name,
    "file_index": file_index,
    "document_index": document_index,
    "split_doc": split_doc,
}
