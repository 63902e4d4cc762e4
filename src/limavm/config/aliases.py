"""Aliases and merge keys, written out.

Templates that are put together share one set of anchors, whose names may collide, and a change of what an
anchor names would change every alias. So the trees have neither before they are merged.
"""

import msgspec

from limavm.config.errors import ConfigError
from limavm.config.treevalue import comments_of, joined_comments, wrong
from limavm.roundtrip.nodes import Kind, Node

#: More than this is no configuration, but a bomb.
MAX_NODES = 200_000
MAX_TEXT = 4 << 20
MAX_DEPTH = 100


def has_aliases(root: Node) -> bool:
    """Whether there is any alias or merge key in the tree."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.kind is Kind.ALIAS or any(_is_merge(key) for key, _ in node.pairs):
            return True
        pending.extend(node.children())
    return False


def without_aliases(root: Node) -> Node:
    """The same configuration without any alias and merge key: the tree itself, anchors included, when it has none.

    Raises ConfigError when aliases make too much of the text.
    """
    return _Expander().expanded(root, 0) if has_aliases(root) else root


def remove_anchors(root: Node) -> None:
    """Take the anchors out of a tree that has no aliases."""
    pending = [root]
    while pending:
        node = pending.pop()
        node.anchor = ""
        pending.extend(node.children())


def _is_merge(key: Node) -> bool:
    return key.kind is Kind.SCALAR and key.is_merge


class _Expander:
    def __init__(self) -> None:
        self.nodes = 0
        self.text = 0

    def expanded(self, node: Node, depth: int) -> Node:
        self.nodes += 1
        self.text += len(node.value) + len(node.head_comment) + len(node.line_comment) + len(node.foot_comment)
        if self.nodes > MAX_NODES or self.text > MAX_TEXT or depth > MAX_DEPTH:
            raise self.bomb(node)
        if node.kind is Kind.ALIAS:
            return self.alias(node, depth)
        items = [self.expanded(item, depth + 1) for item in node.items]
        return msgspec.structs.replace(node, items=items, pairs=self.pairs(node, depth), anchor="")

    def bomb(self, node: Node) -> ConfigError:
        message = f"aliases make more of this text than {MAX_NODES} values, {MAX_TEXT >> 20} MiB or {MAX_DEPTH} levels"
        return wrong(message, node, "")

    def alias(self, alias: Node, depth: int) -> Node:
        # One that names what it stands in ends at the limit of the depth.
        node = self.expanded(alias.resolved, depth + 1)
        return msgspec.structs.replace(
            node,
            head_comment=alias.head_comment,
            line_comment=alias.line_comment,
            foot_comment=alias.foot_comment,
            blank_before=alias.blank_before,
            source=alias.source,
            line=alias.line,
            column=alias.column,
        )

    def pairs(self, node: Node, depth: int) -> list[tuple[Node, Node]]:
        """The pairs of a mapping; those that `<<` brings stand in its place, unless their keys are there."""
        pairs: list[tuple[Node, Node]] = []
        taken = {key.resolved.value for key, _ in node.pairs if key.resolved.kind is Kind.SCALAR}
        left = ""
        for key, value in node.pairs:
            if not _is_merge(key):
                new = [(self.expanded(key, depth + 1), self.expanded(value, depth + 1))]
            elif new := self.brought(key, value, taken, depth):
                _comment(new, key, value)
            else:
                left = joined_comments(left, *comments_of(key), *comments_of(value))
                continue
            first = new[0][0]
            first.head_comment, left = joined_comments(left, first.head_comment), ""
            pairs.extend(new)
        if left and pairs:
            last = pairs[-1][0]
            last.foot_comment = joined_comments(last.foot_comment, left)
        return pairs

    def brought(self, key: Node, value: Node, taken: set[str], depth: int) -> list[tuple[Node, Node]]:
        """What a merge key adds to the keys that are `taken`, which has them then, too."""
        pairs: list[tuple[Node, Node]] = []
        for part in value.resolved.items if value.resolved.kind is Kind.SEQUENCE else [value]:
            for pair in self.merged(key, part, depth):
                if pair[0].value not in taken:
                    taken.add(pair[0].value)
                    pairs.append(pair)
        return pairs

    def merged(self, key: Node, part: Node, depth: int) -> list[tuple[Node, Node]]:
        if part.resolved.kind is not Kind.MAPPING:
            raise wrong("only a mapping, or a list of mappings, can be merged", key, "<<")
        return self.expanded(part, depth + 1).pairs


def _comment(brought: list[tuple[Node, Node]], key: Node, value: Node) -> None:
    """Give the comments of a merge key to the first and the last of the keys that it brought."""
    first, last = brought[0][0], brought[-1][0]
    places = [key, value, *value.items]
    above = [comment for place in places for comment in (place.head_comment, place.line_comment)]
    first.head_comment = joined_comments(*above, first.head_comment)
    first.blank_before = key.blank_before
    last.foot_comment = joined_comments(last.foot_comment, *(place.foot_comment for place in reversed(places)))
