"""What scalars mean to operators, and how a computed one carries its tag.

yq keeps the tag of every node and writes it where the value alone does not say it. Here a tag that the value and
the style imply is left empty, and a text that would be read as something else is quoted, at once.
"""

from limavm.roundtrip.nodes import Kind, Node, Style
from limavm.roundtrip.scalars import implicit_tag

_QUOTED = (Style.SINGLE, Style.DOUBLE, Style.LITERAL, Style.FOLDED)
_YES = frozenset(("y", "yes", "on", "true"))
NUMBERS = ("!!int", "!!float")


def scalar(value: str, tag: str, style: Style = Style.NONE) -> Node:
    """A new scalar of that tag."""
    node = Node(kind=Kind.SCALAR, value=value, style=style)
    set_tag(node, tag)
    return node


def set_tag(node: Node, tag: str) -> None:
    """Give a node a tag, written out only if it does not go without saying."""
    node.tag = ""
    if node.full_tag == tag:
        return
    if tag == "!!str" and node.kind is Kind.SCALAR:
        node.style = Style.DOUBLE
    else:
        node.tag = tag


def set_value(node: Node, value: str, tag: str) -> None:
    """Give a scalar another value and keep its style where that still says the same."""
    node.kind, node.value, node.target = Kind.SCALAR, value, None
    node.items, node.pairs = [], []
    if node.style is Style.FLOW or (node.style in _QUOTED and tag != "!!str"):
        node.style = Style.NONE
    set_tag(node, tag)


def real_tag(node: Node) -> str:
    """The tag, or for one of the user's own the tag that the value would have without it."""
    tag = node.full_tag
    if tag.startswith("!!") or node.kind is not Kind.SCALAR or not node.value:
        return tag
    return implicit_tag(node.value)


def is_custom(node: Node) -> bool:
    """Whether the tag is one of the user's own."""
    return not node.full_tag.startswith("!!")


def is_true(node: Node) -> bool:
    """Whether it counts as true: everything but null and false."""
    node = node.resolved
    tag = node.full_tag
    if tag == "!!null":
        return False
    return tag != "!!bool" or node.value.lower() in _YES
