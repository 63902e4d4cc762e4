"""The key `base` of a template whose bases were merged: it holds what is left to refer to, or goes.

The comments of references that are gone stay: above what follows them, or, where nothing does, on top of all.
"""

from limavm.config.located import Place
from limavm.config.treevalue import comments_of, joined_comments
from limavm.roundtrip.nodes import Kind, Node, sequence, text


def above(comments: str, head: str) -> str:
    """A head comment with other comments above it, set off by a blank line, even from the key alone."""
    return f"{comments}\n\n{head}".removesuffix("\n") if comments else head


def put_back(root: Node, left: list[Place], *, comments: bool) -> str:
    """Let `base` of the mapping `root` hold the references that are `left`, or take it away.

    Returns the comments of the key that is gone when it was the first or the last, which are for the document then.
    Without `comments` those of a key that goes are dropped.
    """
    position = next((index for index, (key, _) in enumerate(root.pairs) if key.value == "base"), None)
    entries = [place.entry for place in left]
    if position is None:
        if left:
            root.pairs.insert(0, (text("base"), sequence(entries)))
        return ""
    key, value = root.pairs[position]
    if left:
        root.pairs[position] = (key, _remaining(key, value, entries))
        return ""
    del root.pairs[position]
    return _kept(joined_comments(*comments_of(key), *comments_of(value)), key, root, position) if comments else ""


def _kept(comments: str, key: Node, root: Node, position: int) -> str:
    """Keep the comments of the `key` that was there: before the key that followed it, else they are returned."""
    if position == 0 and root.pairs:
        root.pairs[0][0].blank_before = 0
    if position in (0, len(root.pairs)):
        return comments
    if comments:
        following = root.pairs[position][0]
        following.head_comment = above(comments, following.head_comment)
        following.blank_before = key.blank_before
    return ""


def _remaining(key: Node, value: Node, entries: list[Node]) -> Node:
    """The list of the entries that are left of `base`; the comments of the others go above its key."""
    node = sequence(entries)
    gone = [item for item in value.items if all(item is not entry for entry in entries)]
    if value.kind is Kind.SEQUENCE:
        key.line_comment = key.line_comment or value.line_comment
        node.foot_comment = value.foot_comment
    else:
        gone = [value]
    key.head_comment = joined_comments(key.head_comment, *(comment for item in gone for comment in comments_of(item)))
    return node
