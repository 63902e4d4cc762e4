"""Which node a comment belongs to.

libyaml leaves comments out, but it says where each event begins and ends; `gaps` looks at what lies
between. Lines of comments wait for the next key, entry or value: those that are indented deeper than it
stay with what went before, the others follow the rules of yaml.v3 (see `nodes`). A comment in a place
that has no name there moves to the next one that has.
"""

from yaml._yaml import Mark

from limavm.roundtrip.frames import Frame, Role
from limavm.roundtrip.gaps import DEEPEST, Gaps
from limavm.roundtrip.lines import (
    Line,
    add_foot,
    both,
    bottom,
    deal,
    joined,
    leading_blanks,
    split_foot,
    split_last,
    without_blanks,
)
from limavm.roundtrip.nodes import Document, Kind, Node, Style


class Attacher:
    """Walks through the text beside the composer and hands each comment to a node or a document."""

    def __init__(self, text: str) -> None:
        self.gaps = Gaps(text)
        #: The block collections that ended since the last key or entry, the deepest first.
        self.closed: list[Frame] = []
        self.document: Document | None = None
        #: Whether the document has had a key, an entry or a scalar.
        self.begun = False

    # Documents.

    def begin(self, document: Document, previous: Document | None, end: Mark) -> None:
        """At the start of a document, behind its `---` if there is one."""
        if document.marked:
            self.gaps.scan(end.index)
            text = joined(self.gaps.take()).strip("\n")
            if previous is None:
                document.preamble = text
            else:
                _add_below(previous, text)
            self.gaps.move(end)
        self.document = document
        self.begun = False

    def finish(self, document: Document, start: Mark, end: Mark) -> None:
        """At the end of a document; with `...` the two marks differ."""
        self.gaps.scan(start.index)
        lines = self.gaps.take()
        if document.root is None:
            _add_below(document, joined(lines).strip("\n"))
        else:
            self.below(document, document.root, lines)
        self.closed = []
        self.gaps.tail = None
        if end.index > start.index:
            self.gaps.move(end)

    def below(self, document: Document, root: Node, lines: list[Line]) -> None:
        """Comments below all the rest: those that are set off belong to the document."""
        frame = self.closed.pop() if self.closed else None
        if frame is not None:
            lines = deal(lines, self.levels(frame))
        foot, lines = split_foot(lines, at_end=True)
        add_foot(bottom(root) if root.is_block else root, foot)
        blanks, lines = leading_blanks(lines)
        text = joined(lines).rstrip("\n")
        document.foot_comment = "\n" * (blanks - 1) + text if text else ""

    def end(self, documents: list[Document]) -> None:
        """At the end of the text."""
        self.gaps.scan(len(self.gaps.text))
        _add_below(documents[-1], joined(self.gaps.take()).strip("\n"))

    # Nodes.

    def reach(self, node: Node, role: Role, frame: Frame | None, start: Mark, end: Mark) -> None:
        """At the begin of a node, before it is entered into the collection of `frame`."""
        empty = start.index == end.index and node.kind is Kind.SCALAR
        # Without an indicator it stands where the next token begins, behind comments that are not its own.
        if not empty or self.gaps.text[start.index - 1 : start.index] in (":", "-", "?"):
            self.approach(node, role, frame, start)
            self.gaps.properties(node, end)
            self.arrive(node, role, frame, empty=empty)
        if empty and frame is not None and frame.pending is not None:
            node.line_comment, frame.pending.line_comment = frame.pending.line_comment, ""
        if node.kind in (Kind.MAPPING, Kind.SEQUENCE):
            if role is not Role.VALUE:
                self.gaps.tail = node if role is Role.ITEM else None
            self.gaps.in_key += role is Role.KEY

    def approach(self, node: Node, role: Role, frame: Frame | None, start: Mark) -> None:
        """Take in what stands before a node, up to its properties."""
        if frame is None or frame.flow or role is Role.VALUE:
            self.gaps.scan(start.index)
        elif role is Role.ITEM:
            self.gaps.scan(start.index, lambda column: self.dash(node, frame, column))
        else:
            frame.column = start.column
            self.gaps.scan(start.index, lambda column: self.question(frame, column))

    def dash(self, node: Node, frame: Frame, column: int) -> None:
        """At the `-` of an entry."""
        frame.column = column
        self.flush(node, frame)
        self.gaps.tail = node

    def question(self, frame: Frame, column: int) -> None:
        """At the `?` of a key."""
        frame.column = column
        self.gaps.tail = None

    def arrive(self, node: Node, role: Role, frame: Frame | None, *, empty: bool) -> None:
        """Hand the lines above a node to it, unless they are to go to its first child."""
        if self.gaps.in_key:
            return
        if frame is not None and (role is Role.KEY or (role is Role.ITEM and frame.flow)):
            self.flush(node, frame)
        elif not (empty or _opens_block(node)):
            lines = self.gaps.take()
            if role is Role.ROOT:
                lines = self.document_head(lines)
            elif role is Role.ITEM:
                lines = without_blanks(lines)
            blanks, lines = leading_blanks(lines)
            node.head_comment = both(node.head_comment, joined(lines))
            if role is Role.VALUE and node.head_comment:
                node.blank_before = blanks
        self.begun = self.begun or not _opens_block(node)

    def passed(self, node: Node, start: Mark, end: Mark) -> None:
        """Behind a scalar or an alias."""
        if start.index == end.index and self.gaps.cursor != start.index:
            return
        self.gaps.tail = node
        if node.style in (Style.LITERAL, Style.FOLDED):
            self.gaps.block_scalar(node, end)
        else:
            self.gaps.move(end)

    def close(self, frame: Frame, start: Mark, end: Mark) -> None:
        """At the end of a collection, with all its children in place."""
        gaps, node = self.gaps, frame.node
        if not frame.flow:
            if not gaps.in_key:
                self.closed.append(frame)
        elif start.index != end.index:  # a pair in a list, as in [a: b], ends with nothing
            self.close_flow(frame, start, end)
        if frame.role is Role.KEY:
            gaps.in_key -= 1
            gaps.tail = None
            gaps.run = [(DEEPEST, text) for _, text in without_blanks(gaps.run)]
        elif frame.flow and node.is_block and frame.role is not Role.ITEM:
            gaps.tail = frame.key if frame.key is not None and frame.key.kind is Kind.SCALAR else None

    def close_flow(self, frame: Frame, start: Mark, end: Mark) -> None:
        """A flow collection with comments inside is turned into a block, since it can be written only so."""
        gaps, node = self.gaps, frame.node
        empty = not (node.items or node.pairs)
        if empty:
            gaps.tail = node
        gaps.scan(start.index)
        if not gaps.in_key:
            comments = [(DEEPEST, text) for _, text in without_blanks(gaps.run)]
            gaps.run = comments if empty else []
            if not empty:
                add_foot(bottom(node), comments)
                if gaps.count != frame.count:
                    _turn_to_block(node, frame.role)
        gaps.move(end)
        gaps.tail = node

    # Lines of comments.

    def flush(self, node: Node, frame: Frame) -> None:
        """Hand the lines above a key or an entry to it, and to what ended above them."""
        if self.gaps.in_key:
            return
        lines = self.gaps.take()
        if frame.flow:
            lines = without_blanks(lines)
        elif not self.begun:
            lines = self.document_head(lines)
        elif lines:
            lines = deal(lines, self.levels(frame))
            if frame.node.items or frame.node.pairs:
                foot, lines = split_foot(lines)
                add_foot(bottom(frame.node), foot)
        self.closed = []
        self.begun = True
        node.blank_before, lines = leading_blanks(lines)
        node.head_comment = joined(lines)

    def document_head(self, lines: list[Line]) -> list[Line]:
        """Keep what is set off by a blank line at the begin of a document, and return the rest."""
        _, lines = leading_blanks(lines)
        if self.document is None or self.begun:
            return lines
        head, lines = split_last(lines)
        self.document.head_comment = joined(head)
        return lines

    def levels(self, frame: Frame) -> list[tuple[int, Node]]:
        """The least column of a comment, and what it then is the foot of, for all that ended in `frame`."""
        nodes = [(max(closed.column, frame.column + 1), bottom(closed.node)) for closed in self.closed]
        deepest = self.closed[0] if self.closed else frame
        if deepest.node.pairs:
            value = deepest.node.pairs[-1][1]
            if not (value.is_block or _is_block_scalar(value)):
                nodes.insert(0, (max(deepest.column, frame.column) + 1, value))
        return nodes


def _opens_block(node: Node) -> bool:
    return node.kind in (Kind.MAPPING, Kind.SEQUENCE) and node.style is not Style.FLOW


def _is_block_scalar(node: Node) -> bool:
    """Whether what is indented below it would be a part of it, once it is written again."""
    return node.style in (Style.LITERAL, Style.FOLDED) or (node.style is Style.NONE and "\n" in node.value)


def _turn_to_block(node: Node, role: Role) -> None:
    """The head of a block that is a value or a document is that of its first child."""
    node.style = Style.NONE
    if node.head_comment and role is not Role.ITEM:
        first = node.items[0] if node.items else node.pairs[0][0]
        first.head_comment = both(node.head_comment, first.head_comment)
        first.blank_before, node.blank_before = node.blank_before, 0
        node.head_comment = ""


def _add_below(document: Document, text: str) -> None:
    """Put comments below all that a document has."""
    if document.root is None:
        document.head_comment = both(document.head_comment, text)
    else:
        document.foot_comment = both(document.foot_comment, text)
