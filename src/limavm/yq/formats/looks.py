"""How yq writes YAML, where roundtrip would write it otherwise: for `limactl yq` alone.

Edits of templates keep blank lines and quotes as people made them; what yq prints is the same
characters that mikefarah's yq prints, as far as that can be had.
"""

import re

from limavm.roundtrip.nodes import Document, Kind, Node, Style
from limavm.roundtrip.styles import can_be_plain

#: What Python and YAML 1.1 read as a boolean: `-P` leaves the quotes of such texts.
_OLD_BOOLEAN = re.compile(r"(?i)y|yes|n|no|on|off")
#: Characters that only double quotes can carry.
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def settle(document: Document) -> None:
    """Take out blank lines, and quote new texts as yaml.v3 does. The document is changed."""
    waiting = [(document.root, False)] if document.root is not None else []
    while waiting:
        node, flow = waiting.pop()
        flow = flow or node.style is Style.FLOW
        waiting.extend((child, flow) for child in node.children())
        node.blank_before = 0
        node.head_comment = _closed(node.head_comment)
        node.foot_comment = _closed(node.foot_comment)
        if node.kind is Kind.SCALAR and node.style is Style.NONE:
            _quote(node, flow=flow)


def _closed(comment: str) -> str:
    return "\n".join(line for line in comment.split("\n") if line) if "\n" in comment else comment


def _quote(node: Node, *, flow: bool) -> None:
    """Single quotes where characters are in the way; double ones where a type is, or what cannot be seen."""
    if not node.value or node.full_tag != "!!str":
        return
    if _HIDDEN.search(node.value.replace("\n", "")) and "\n" not in node.value:
        node.style = Style.DOUBLE
    elif "\n" not in node.value and not can_be_plain(node.value, flow=flow):
        node.style = Style.SINGLE


def pretty(document: Document) -> None:
    """Block style everywhere, and quotes where the text needs them. The document is changed."""
    waiting = [document.root] if document.root is not None else []
    while waiting:
        node = waiting.pop()
        waiting.extend(node.children())
        if node.full_tag != "!!str":
            node.style = Style.NONE
        elif not _OLD_BOOLEAN.fullmatch(node.value):
            node.style = Style.NONE
            if node.full_tag != "!!str":
                node.style = Style.DOUBLE
