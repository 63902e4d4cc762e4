"""`head_comment`, `line_comment`, `foot_comment`, to read and to assign; `comments=` is all three.

What stands above the first value of a document belongs to its root here, wherever the tree has it.
"""

import re

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq.context import Candidate, Context, Origin
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.operands import targets
from limavm.yq.tree import Expr

_MARK = re.compile(r"^# ", re.MULTILINE)


def comment(_evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """A comment as a text, without its marks."""
    return [candidate.text(_MARK.sub("", _read(candidate, expr.text))) for candidate in context.candidates]


def _read(candidate: Candidate, where: str) -> str:
    node = candidate.node
    if where == "line":
        return node.line_comment
    root = _root_of(candidate)
    if where == "foot":
        return node.foot_comment or (root.document.foot_comment if root is not None else "")
    if root is None:
        return node.head_comment
    first = _first(node)
    parts = [root.document.head_comment, node.head_comment, first.head_comment if first is not None else ""]
    return "\n\n".join(part for part in parts if part)


def _root_of(candidate: Candidate) -> Origin | None:
    """The document, if the candidate is the root of one."""
    origin = candidate.origin
    return origin if origin is not None and origin.document.root is candidate.node else None


def _first(node: Node) -> Node | None:
    if node.pairs:
        return node.pairs[0][0]
    return node.items[0] if node.items else None


def assign(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a line_comment = x`, and `|=` for an x of each a."""
    for candidate, text in targets(evaluator, context, expr):
        for where in ("head", "line", "foot") if expr.text == "all" else (expr.text,):
            _write(candidate, where, _marked(text))
    return context.candidates


def _marked(text: str) -> str:
    """Every line with its `#`."""
    lines = text.rstrip("\n").split("\n") if text else []
    return "\n".join(line if line.startswith("#") or not line else f"# {line}" for line in lines)


def _write(candidate: Candidate, where: str, text: str) -> None:
    node = candidate.node
    if where == "line":
        node.line_comment = text.replace("\n", " ")
        return
    root = _root_of(candidate)
    if root is not None:
        _write_at_root(root, node, where, text)
        return
    owner = node
    if node.kind is Kind.SCALAR and not candidate.is_key and candidate.parent is not None:
        # What stands above and below a plain value belongs to its key.
        owner = next((key for key, value in candidate.parent.node.pairs if value is node), node)
    if where == "head":
        owner.head_comment = text
    else:
        owner.foot_comment = text


def _write_at_root(root: Origin, node: Node, where: str, text: str) -> None:
    if where == "foot":
        node.foot_comment, root.document.foot_comment = "", text
        return
    first = _first(node)
    root.document.head_comment = node.head_comment = ""
    if first is None:
        node.head_comment = text
    else:
        first.head_comment = text


TABLE: dict[str, Operator] = {"comment": comment, "assign_comment": assign}
