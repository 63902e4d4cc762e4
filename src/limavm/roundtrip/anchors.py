"""Aliases that go on meaning the same when the tree around them was changed.

A text gives an alias the last anchor of its name above it. In a tree it refers to a node, which an edit may
remove, rename or move below it, or whose name it may give to another one.
"""

from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.nodes import Kind, Node

#: Aliases that are written out can multiply a small tree without end.
MAX_NODES = 1_000_000


def settle(root: Node, *, limit: int = MAX_NODES) -> None:
    """Let the text of the tree say what its aliases refer to: the first of those that lost their anchor has it then.

    One that cannot be named at its place any more is written out. Raises YamlError when the tree comes to more than
    `limit` nodes by that.
    """
    #: By name, the node that an alias means here; and by their identities, nodes that stand above already, and
    #: those that stand in the place of an alias now.
    named: dict[str, Node] = {}
    above: set[int] = set()
    moved: dict[int, Node] = {}
    waiting = [root]
    count = 0
    while waiting:
        node = waiting.pop()
        count += 1
        if count > limit:
            raise YamlError(f"aliases make more than {limit} values of this", source=node.source, line=node.line)
        if id(node) in moved:
            _refer(node, moved[id(node)])
        if node.kind is Kind.ALIAS and node.target is not None:
            target = moved.get(id(node.target), node.target)
            meant = named.get(target.anchor)
            if target.anchor and meant is not None and _stands_for(meant, target):
                _refer(node, meant)
                continue
            node.become(target)
            if id(target) in above:
                node.anchor = ""
            else:
                moved[id(target)] = node
        if node.anchor:
            named[node.anchor] = node
        above.add(id(node))
        waiting.extend(reversed(list(node.children())))


def _stands_for(node: Node, other: Node) -> bool:
    """Whether it is the other node, or what an edit made of a copy of it: that has its place in the text."""
    return node is other or (0 < node.line == other.line and (node.source, node.column) == (other.source, other.column))


def _refer(node: Node, target: Node) -> None:
    node.become(Node(kind=Kind.ALIAS, value=target.anchor, target=target))
