"""The tree of a YAML document with all that a person wrote into it.

Nodes are mutable and compared by identity: an edit changes the very node that others hold. Comments
follow the model of Go's yaml.v3, since users of yq know it: those before a node (`head_comment`), behind
it on its line (`line_comment`), and after it, set off from what follows (`foot_comment`). In a mapping
the head and the foot belong to the key, the line comment to the value, or to the key when the value begins
on a later line. In a sequence all belong to the entry.

What YAML allows beyond this has a place too. The head of a value stands between a key and a value that
begins on a later line; its foot stands behind it, deeper than the key, as the remains of something commented
out do. A foot below a list that is the value of a key is that of the last entry.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from limavm.roundtrip.scalars import implicit_tag


class Kind(StrEnum):
    """What a node is; the words are those of the `kind` operator of yq."""

    SCALAR = "scalar"
    MAPPING = "map"
    SEQUENCE = "seq"
    ALIAS = "alias"


class Style(StrEnum):
    """How a node is written. Empty: plain scalars, collections over several lines."""

    NONE = ""
    SINGLE = "single"
    DOUBLE = "double"
    LITERAL = "literal"
    FOLDED = "folded"
    FLOW = "flow"


class Node(msgspec.Struct, eq=False, kw_only=True):
    """A scalar, a mapping, a sequence or an alias, with its comments and where it was read.

    `tag` is the tag in the short form (`!!str`, `!local`) when the text gives one, else empty; `full_tag`
    is never empty. `value` is the text of a scalar, or the name that an alias refers to.
    """

    kind: Kind
    value: str = ""
    #: The entries of a sequence.
    items: list["Node"] = []
    #: The keys and values of a mapping, in order; a merge key is an entry like any other.
    pairs: list[tuple["Node", "Node"]] = []
    tag: str = ""
    style: Style = Style.NONE
    anchor: str = ""
    #: What an alias refers to.
    target: "Node | None" = None
    #: Whole lines with their `#`, joined by newlines and without indentation; an empty line is a blank one.
    head_comment: str = ""
    #: One comment with its `#`.
    line_comment: str = ""
    #: Like `head_comment`.
    foot_comment: str = ""
    #: Blank lines before the head comment, or before the node when there is none.
    blank_before: int = 0
    #: The text that the node was read from, empty for one that was made.
    source: str = ""
    #: Counted from 1; 0 for a node that was made.
    line: int = 0
    column: int = 0

    @property
    def full_tag(self) -> str:
        """The tag of the text, else the one that the kind and the value imply by the core schema."""
        if self.tag and self.tag != "!":
            return self.tag
        match self.kind:
            case Kind.MAPPING:
                return "!!map"
            case Kind.SEQUENCE:
                return "!!seq"
            case Kind.ALIAS:
                return self.target.full_tag if self.target is not None else "!!null"
            case Kind.SCALAR:
                return implicit_tag(self.value) if self.style is Style.NONE and not self.tag else "!!str"

    @property
    def is_null(self) -> bool:
        """Whether it stands for no value at all."""
        return self.full_tag == "!!null"

    @property
    def is_block(self) -> bool:
        """Whether it is a collection over several lines, with `-` or keys; empty ones are not."""
        if self.kind is Kind.SCALAR or self.kind is Kind.ALIAS or self.style is Style.FLOW:
            return False
        return bool(self.items or self.pairs)

    @property
    def is_merge(self) -> bool:
        """Whether it is the key `<<`, which brings the pairs of other mappings."""
        return self.full_tag == "!!merge"

    @property
    def resolved(self) -> "Node":
        """The node itself, or what an alias refers to in the end."""
        node = self
        while node.kind is Kind.ALIAS and node.target is not None:
            node = node.target
        return node

    def find(self, key: str) -> "tuple[Node, Node] | None":
        """The pair whose key is that text, the last one when there are several."""
        return next((pair for pair in reversed(self.pairs) if pair[0].resolved.value == key), None)

    def get(self, key: str) -> "Node | None":
        """The value of a key of this mapping, None when it has no such key."""
        found = self.find(key)
        return found[1] if found else None

    def children(self) -> Iterator["Node"]:
        """The entries of a sequence, the keys and values of a mapping."""
        yield from self.items
        for key, value in self.pairs:
            yield key
            yield value

    def copy(self) -> "Node":
        """A tree of its own with the same content. Aliases go on referring to the copied anchors."""
        copies: dict[int, Node] = {}
        copied = self._copy(copies)
        _retarget(copied, copies)
        return copied

    def _copy(self, copies: "dict[int, Node]") -> "Node":
        node = msgspec.structs.replace(
            self,
            items=[item._copy(copies) for item in self.items],
            pairs=[(key._copy(copies), value._copy(copies)) for key, value in self.pairs],
        )
        copies[id(self)] = node
        return node

    def become(self, other: "Node") -> None:
        """Take over what another node is (kind, value, children, tag, style, anchor) and keep the own comments."""
        self.kind, self.value, self.tag, self.style = other.kind, other.value, other.tag, other.style
        self.items, self.pairs, self.target, self.anchor = other.items, other.pairs, other.target, other.anchor


def _retarget(node: Node, copies: dict[int, Node]) -> None:
    if node.target is not None:
        node.target = copies.get(id(node.target), node.target)
    for child in node.children():
        _retarget(child, copies)


class Document(msgspec.Struct, eq=False, kw_only=True):
    """One document of a text. `root` is None when it has no value: an empty text, or comments only."""

    root: Node | None = None
    #: Comments that belong to no node: above the first one and set off by a blank line; below the last one.
    head_comment: str = ""
    foot_comment: str = ""
    #: Whether the text begins the document with `---`. Every document but the first one has it.
    marked: bool = False
    #: Comments above the `---` of the first document.
    preamble: str = ""
    source: str = ""


def scalar(value: str, *, tag: str = "", style: Style = Style.NONE) -> Node:
    """A new scalar."""
    return Node(kind=Kind.SCALAR, value=value, tag=tag, style=style)


def text(value: str) -> Node:
    """A new scalar that is read as a text whatever it says."""
    quoted = Style.LITERAL if "\n" in value else Style.DOUBLE if implicit_tag(value) != "!!str" else Style.NONE
    return Node(kind=Kind.SCALAR, value=value, tag="!!str" if quoted is Style.NONE else "", style=quoted)


def null() -> Node:
    """A new null."""
    return Node(kind=Kind.SCALAR, value="null")


def mapping(pairs: "list[tuple[Node, Node]] | None" = None, *, style: Style = Style.NONE) -> Node:
    """A new mapping."""
    return Node(kind=Kind.MAPPING, pairs=pairs if pairs is not None else [], style=style)


def sequence(items: list[Node] | None = None, *, style: Style = Style.NONE) -> Node:
    """A new sequence."""
    return Node(kind=Kind.SEQUENCE, items=items if items is not None else [], style=style)
