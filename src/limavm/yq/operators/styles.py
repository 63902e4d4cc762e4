"""How a node is written: its kind, tag, style and anchor, to read and to assign."""

from collections.abc import Callable

from limavm.roundtrip.nodes import Kind, Node, Style
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.operands import targets
from limavm.yq.operators.places import ancestors
from limavm.yq.scalars import set_tag
from limavm.yq.tree import Expr

_TAGGED = "tagged"
_STYLES = {style.value: style for style in Style}


def kind(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`kind`: scalar, seq, map or alias."""
    return [candidate.text(candidate.node.kind.value) for candidate in context.candidates]


def tag(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`tag`, `type`: `!!str` and the like."""
    return [candidate.text(candidate.node.full_tag) for candidate in context.candidates]


def style(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`style`: tagged, double, single, literal, folded, flow, or an empty text."""
    return [candidate.text(_TAGGED if candidate.node.tag else candidate.node.style) for candidate in context.candidates]


def anchor(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`anchor`"""
    return [candidate.text(candidate.node.anchor) for candidate in context.candidates]


def alias(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`alias`: the name that an alias refers to, empty for what is none."""
    return [
        candidate.text(candidate.node.value if candidate.node.kind is Kind.ALIAS else "")
        for candidate in context.candidates
    ]


def assigning(change: Callable[[Evaluator, Candidate, str], None]) -> Operator:
    """`a WORD = x`, and `|=` for an x of each a."""

    def assigned(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
        for candidate, text in targets(evaluator, context, expr):
            change(evaluator, candidate, text)
        return context.candidates

    return assigned


def _set_tag(_evaluator: Evaluator, candidate: Candidate, text: str) -> None:
    if candidate.node.kind is not Kind.ALIAS:
        set_tag(candidate.node, text)


def _set_style(_evaluator: Evaluator, candidate: Candidate, text: str) -> None:
    if text != _TAGGED and text not in _STYLES:
        raise Trouble(f"there is no style {text!r}", hint=f"styles: {_TAGGED}, {', '.join(filter(None, _STYLES))}")
    node = candidate.node
    full = node.full_tag
    if text == _TAGGED:
        node.tag, node.style = full, Style.NONE
    elif node.kind is Kind.SCALAR:
        node.style = _STYLES[text] if text != Style.FLOW else Style.NONE
        # Quotes make a text of a number, as they do in yq; a tag of the user's own stays.
        if node.style is Style.NONE or not full.startswith("!!"):
            set_tag(node, full)
        else:
            node.tag = ""
    elif node.kind is not Kind.ALIAS:
        node.style = Style.FLOW if text == Style.FLOW else Style.NONE
        set_tag(node, full)


def _set_anchor(_evaluator: Evaluator, candidate: Candidate, text: str) -> None:
    candidate.node.anchor = text


def _set_alias(evaluator: Evaluator, candidate: Candidate, text: str) -> None:
    if not text:
        return
    top = [candidate, *ancestors(evaluator, candidate)][-1].node
    target = _anchored(evaluator, top, text)
    if target is None:
        raise Trouble(f"there is no anchor &{text} in the document")
    if target is candidate.node:
        raise Trouble(f"*{text} would refer to itself")
    node = candidate.node
    node.kind, node.value, node.target = Kind.ALIAS, text, target
    node.items, node.pairs, node.tag, node.style, node.anchor = [], [], "", Style.NONE, ""


def _anchored(evaluator: Evaluator, top: Node, name: str) -> Node | None:
    waiting = [top]
    while waiting:
        node = waiting.pop()
        evaluator.spend(1)
        if node.anchor == name and node.kind is not Kind.ALIAS:
            return node
        waiting += node.children()
    return None


TABLE: dict[str, Operator] = {
    "kind": kind,
    "tag": tag,
    "style": style,
    "anchor": anchor,
    "alias": alias,
    "assign_tag": assigning(_set_tag),
    "assign_style": assigning(_set_style),
    "assign_anchor": assigning(_set_anchor),
    "assign_alias": assigning(_set_alias),
}
