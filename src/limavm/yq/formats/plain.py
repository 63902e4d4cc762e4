"""Trees for formats without anchors: aliases become what they refer to, merge keys what they bring."""

from collections.abc import Iterable

from limavm.errors import UserError
from limavm.roundtrip.nodes import Kind, Node

#: An alias of an alias of an alias can stand for more than there is memory for.
_MAX_NODES = 200_000


def exploded(root: Node) -> Node:
    """The tree without aliases and merge keys: itself when it has none, else a copy.

    Keys of a mapping itself win over those that are merged, and the first mapping merged over later ones.
    """
    if not any(_refers(node) for node in _walk(root)):
        return root
    return _Exploder().copy(root, ())


def _walk(root: Node) -> Iterable[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.children())


def _refers(node: Node) -> bool:
    return node.kind is Kind.ALIAS or any(key.is_merge for key, _ in node.pairs)


class _Exploder:
    """One copy under way; `above` holds the nodes around, so that a loop is noticed."""

    def __init__(self) -> None:
        self._count = 0

    def copy(self, node: Node, above: tuple[int, ...]) -> Node:
        self._count += 1
        if self._count > _MAX_NODES:
            raise UserError(f"the aliases of the document stand for more than {_MAX_NODES} nodes")
        found = node.resolved
        if id(found) in above:
            raise UserError(f"the alias {node.value!r} refers to what it stands in")
        copied = Node(
            kind=found.kind,
            value=found.value,
            tag=found.tag,
            style=found.style,
            head_comment=node.head_comment,
            line_comment=node.line_comment,
            foot_comment=node.foot_comment,
        )
        if found.items or found.pairs:
            around = (*above, id(found))
            copied.items = [self.copy(item, around) for item in found.items]
            copied.pairs = self._pairs(found, around)
        return copied

    def _pairs(self, node: Node, around: tuple[int, ...]) -> list[tuple[Node, Node]]:
        own = {key.resolved.value for key, _ in node.pairs if not key.is_merge}
        pairs: list[tuple[Node, Node]] = []
        for key, value in node.pairs:
            if not key.is_merge:
                pairs.append((self.copy(key, around), self.copy(value, around)))
                continue
            source = value.resolved
            for merged in source.items if source.kind is Kind.SEQUENCE else [source]:
                for name, brought in self.copy(merged, around).pairs:
                    if name.value not in own:
                        own.add(name.value)
                        pairs.append((name, brought))
        return pairs
