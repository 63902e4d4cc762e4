"""The collections that are open while a text is read."""

from enum import Enum, auto

from limavm.roundtrip.nodes import Node


class Role(Enum):
    """What a node is to the one that it stands in."""

    ROOT = auto()
    ITEM = auto()
    KEY = auto()
    VALUE = auto()


class Frame:
    """A collection that has not ended yet."""

    __slots__ = ("column", "count", "flow", "key", "node", "pending", "role", "seen")

    def __init__(self, node: Node, role: Role, *, flow: bool, key: Node | None, count: int) -> None:
        self.node = node
        self.role = role
        #: Whether it is written with brackets or braces.
        self.flow = flow
        #: The key that it is the value of.
        self.key = key
        #: How many comments came before it.
        self.count = count
        #: Where its entries begin, counted from 0; known from the first one on.
        self.column = 0
        #: The key that waits for its value.
        self.pending: Node | None = None
        #: The keys so far, with their lines.
        self.seen: dict[str, int] = {}
