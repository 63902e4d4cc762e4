"""Aliases and merge keys, written out.

Templates that are put together share one set of anchors, whose names may collide, and a change of what an
anchor names would change every alias. So the trees have neither before they are merged.
"""

import msgspec

from limavm.config.errors import ConfigError
from limavm.config.treevalue import joined_comments, wrong
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
    """The same configuration without any alias, merge key and anchor: the tree itself when it has no aliases.

    Raises ConfigError when aliases make too much of the text.
    """
    return _Expander().expanded(root, 0) if has_aliases(root) else root


def _is_merge(key: Node) -> bool:
    return key.kind is Kind.SCALAR and key.full_tag == "!!merge"


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
        for key, value in node.pairs:
            if not _is_merge(key):
                pairs.append((self.expanded(key, depth + 1), self.expanded(value, depth + 1)))
                continue
            brought: list[tuple[Node, Node]] = []
            for part in value.resolved.items if value.resolved.kind is Kind.SEQUENCE else [value]:
                for pair in self.merged(key, part, depth):
                    if pair[0].value not in taken:
                        taken.add(pair[0].value)
                        brought.append(pair)
            if brought:
                _comment(brought[0][0], key, value)
            pairs.extend(brought)
        return pairs

    def merged(self, key: Node, part: Node, depth: int) -> list[tuple[Node, Node]]:
        if part.resolved.kind is not Kind.MAPPING:
            raise wrong("only a mapping, or a list of mappings, can be merged", key, "<<")
        return self.expanded(part, depth + 1).pairs


def _comment(first: Node, key: Node, value: Node) -> None:
    """Give the comments of a merge key to the first key that it brought."""
    own = joined_comments(key.head_comment, key.line_comment, value.line_comment)
    first.head_comment = joined_comments(own, first.head_comment)
    first.blank_before = key.blank_before
