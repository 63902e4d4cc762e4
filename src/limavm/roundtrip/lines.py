"""Comments and blank lines between two nodes, and how they are shared out."""

from collections.abc import Sequence

from limavm.roundtrip.nodes import Kind, Node

#: The column and the text of a comment on a line of its own; a blank line has no text.
Line = tuple[int, str]
BLANK: Line = (0, "")


def deal(lines: list[Line], levels: Sequence[tuple[int, Node]]) -> list[Line]:
    """Hand lines to the levels that they are indented for, never back to a deeper one; the rest is returned.

    A level is the least column that a comment of it has, and what such a comment is the foot of.
    """
    begin = end = 0
    for least, node in levels:
        # The blank lines before a comment go with it, those behind the last one go on to the next level.
        for index in range(end, len(lines)):
            column, text = lines[index]
            if text and column < least:
                break
            end = index + 1 if text else end
        add_foot(node, lines[begin:end])
        begin = end
    return lines[begin:]


def split_foot(lines: list[Line], *, at_end: bool = False) -> tuple[list[Line], list[Line]]:
    """Comments that follow at once and are set off from the next ones, and the rest."""
    end = next((index for index, line in enumerate(lines) if not line[1]), len(lines))
    return (lines[:end], lines[end:]) if at_end or end < len(lines) else ([], lines)


def split_last(lines: list[Line]) -> tuple[list[Line], list[Line]]:
    """What comes before the last blank lines, and the rest with these."""
    begin = max((index for index, line in enumerate(lines) if not line[1]), default=0)
    while begin > 0 and not lines[begin - 1][1]:
        begin -= 1
    return lines[:begin], lines[begin:]


def leading_blanks(lines: list[Line]) -> tuple[int, list[Line]]:
    """How many blank lines come first, and the rest."""
    count = next((index for index, line in enumerate(lines) if line[1]), len(lines))
    return count, lines[count:]


def without_blanks(lines: list[Line]) -> list[Line]:
    """The comments alone."""
    return [line for line in lines if line[1]]


def joined(lines: Sequence[Line]) -> str:
    """The text of a comment."""
    return "\n".join(text for _, text in lines)


def both(first: str, second: str) -> str:
    """One comment of two."""
    return f"{first}\n{second}" if first and second else first or second


def add_foot(node: Node, lines: Sequence[Line]) -> None:
    """Put lines below what a node has there already."""
    if lines:
        text = joined(lines)
        node.foot_comment = f"{node.foot_comment}\n{text}" if node.foot_comment else text


def bottom(node: Node) -> Node:
    """What a comment right below a block collection, at its indentation, is the foot of."""
    if node.kind is Kind.SEQUENCE:
        return node.items[-1]
    key, value = node.pairs[-1]
    return value.items[-1] if value.kind is Kind.SEQUENCE and value.is_block else key
