"""Making and changing nodes the way assignments and constructions do. What goes in is copied."""

from collections.abc import Iterable

from limavm.roundtrip.nodes import Document, Kind, Node, Style
from limavm.yq.context import Candidate
from limavm.yq.evaluator import Evaluator
from limavm.yq.scalars import real_tag


def add_item(evaluator: Evaluator, node: Node, item: Node) -> Node:
    """Append a copy to a sequence; returns the copy."""
    copied = evaluator.copy(item)
    node.items.append(copied)
    return copied


def add_pair(evaluator: Evaluator, node: Node, key: Node, value: Node) -> tuple[Node, Node]:
    """Append copies to a mapping; returns them."""
    copied, copied_value = evaluator.copy(key), evaluator.copy(value)
    # What stands around an entry of a list does not belong between a key and its value.
    copied_value.blank_before = 0
    bare(copied_value)
    node.pairs.append((copied, copied_value))
    return copied, copied_value


def bare(node: Node) -> None:
    """Forget what stands above and below a scalar, for one that is the value of a key."""
    if node.kind is Kind.SCALAR:
        node.head_comment = node.foot_comment = ""


def keep_leading_comment(candidate: Candidate, made: Node) -> None:
    """What stands above the first key of a document is said about the document: it stays when `made`, which is to
    take the place of the document's root, no longer begins with that key.
    """
    origin, pairs = candidate.origin, candidate.node.pairs
    if not candidate.whole or origin is None or not pairs:
        return
    first = pairs[0][0]
    if made.pairs and made.pairs[0][0].value == first.value:
        return
    move_to_document(first, origin.document)
    if (kept := made.find(first.value)) is not None:
        kept[0].head_comment = ""


def move_to_document(key: Node, document: Document) -> None:
    """Say what stands above a key about the document instead."""
    document.head_comment = "\n\n".join(filter(None, (document.head_comment, key.head_comment)))
    key.head_comment = ""


def sequence(evaluator: Evaluator, items: Iterable[Node], *, like: Node | None = None) -> Node:
    """A new sequence of copies, written as another collection is."""
    style = like.style if like is not None and like.kind is not Kind.SCALAR else Style.NONE
    node = Node(kind=Kind.SEQUENCE, style=style)
    for item in items:
        add_item(evaluator, node, item)
    return node


def hollow(evaluator: Evaluator, node: Node) -> Node:
    """A copy without children: comments, style, tag and anchor stay."""
    items, pairs = node.items, node.pairs
    node.items, node.pairs = [], []
    try:
        return evaluator.copy(node)
    finally:
        node.items, node.pairs = items, pairs


def update(evaluator: Evaluator, node: Node, other: Node, *, clobber: bool = False, keep_anchor: bool = False) -> None:
    """Make a node what another one is, as `=` does: it keeps its style for a value of the same tag, its
    comments where the other has none, and a tag of the user's own unless that may be clobbered.
    """
    if node is other:
        return
    empty = node.kind is not Kind.SCALAR and not node.items and not node.pairs
    if empty or node.kind is Kind.ALIAS or real_tag(node) != real_tag(other):
        node.style = other.style
    copied = evaluator.copy(other)
    node.kind, node.value, node.target = copied.kind, copied.value, copied.target
    node.items, node.pairs = copied.items, copied.pairs
    _attributes(node, other, clobber=clobber, keep_anchor=keep_anchor)


def update_attributes(node: Node, other: Node, *, clobber: bool = False) -> None:
    """Kind, tag, style, anchor and comments of another node, but not what it holds."""
    if node.kind is not other.kind:
        node.items, node.pairs, node.value = [], [], ""
    node.kind, node.target = other.kind, other.target
    _attributes(node, other, clobber=clobber, keep_anchor=False)


def _attributes(node: Node, other: Node, *, clobber: bool, keep_anchor: bool) -> None:
    if clobber or not node.tag or node.tag.startswith("!!"):
        node.tag = other.tag
    if not keep_anchor:
        node.anchor = other.anchor
    if node.style is Style.NONE:
        node.style = other.style
    node.head_comment = other.head_comment or node.head_comment
    node.line_comment = other.line_comment or node.line_comment
    node.foot_comment = other.foot_comment or node.foot_comment
