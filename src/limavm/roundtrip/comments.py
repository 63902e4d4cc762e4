"""Which node a comment belongs to.

libyaml leaves comments out, but it says where each event begins and ends. What lies between two of them is
blanks, indicators, properties and comments, and is looked at here, once, from left to right. A comment
behind something goes to that; lines of comments are gathered (`run`) until the next key, entry or value
decides: those that are indented deeper than it stay with what went before, the others follow the rules
of yaml.v3 (see `nodes`). A comment in a place that has no name here moves to the next one that has.
"""

import re
from collections.abc import Callable, Sequence

from yaml._yaml import Mark

from limavm.roundtrip.frames import Frame, Role
from limavm.roundtrip.nodes import Document, Kind, Node, Style

#: A comment, a line break, or anything else that is no blank.
_TOKEN = re.compile(r"(#[^\n\r\x85\u2028\u2029]*)|(\r\n|[\n\r\x85\u2028\u2029])|[^ \t\n\r\x85\u2028\u2029#]+")
_HEADER = re.compile(r"[^\n\r\x85\u2028\u2029#]*(#[^\n\r\x85\u2028\u2029]*)?")
_BREAK = re.compile(r"[\n\u2028\u2029]")
_BLOCK_SCALAR = (Style.LITERAL, Style.FOLDED)
_DEEPEST = 1 << 30

#: The column and the text of a comment on a line of its own; a blank line has no text.
Line = tuple[int, str]
_BLANK: Line = (0, "")


class Attacher:
    """Walks through the text beside the composer and hands each comment to a node or a document."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.cursor = 0
        self.line_start = 0
        #: Whether the line has had anything but blanks so far, and whether that was more than a comment.
        self.used = False
        self.content = False
        #: What a comment behind it on the same line belongs to.
        self.tail: Node | None = None
        self.run: list[Line] = []
        #: The block collections that ended since the last key or entry, the deepest first.
        self.closed: list[Frame] = []
        self.document: Document | None = None
        self.begun = False
        #: How many keys that are collections are open; what comments are in there goes to what comes next.
        self.in_key = 0
        #: How many comments there were.
        self.count = 0

    # Documents.

    def begin(self, document: Document, previous: Document | None, end: Mark) -> None:
        """At the start of a document, behind its `---` if there is one."""
        if document.marked:
            self.scan(end.index)
            text = _joined(self.run).strip("\n")
            if previous is None:
                document.preamble = text
            else:
                previous.foot_comment = _both(previous.foot_comment, text)
            self.run = []
            self.move(end)
        self.document = document
        self.begun = False

    def finish(self, document: Document, start: Mark, end: Mark) -> None:
        """At the end of a document; with `...` the two marks differ."""
        self.scan(start.index)
        lines, self.run = self.run, []
        if document.root is None:
            document.head_comment = _both(document.head_comment, _joined(lines).strip("\n"))
        else:
            self.below(document, document.root, lines)
        self.closed = []
        self.tail = None
        self.begun = True
        if end.index > start.index:
            self.move(end)

    def below(self, document: Document, root: Node, lines: list[Line]) -> None:
        """Comments below all the rest: those that are set off belong to the document."""
        frame = self.closed.pop() if self.closed else None
        if frame is not None:
            lines = _deal(lines, self.levels(frame))
        foot, lines = _split_foot(lines, at_end=True)
        _add_foot(bottom(root) if root.is_block else root, foot)
        blanks, lines = _leading_blanks(lines)
        text = _joined(lines).rstrip("\n")
        document.foot_comment = "\n" * (blanks - 1) + text if text else ""

    def end(self, documents: list[Document]) -> None:
        """At the end of the text."""
        self.scan(len(self.text))
        text = _joined(self.run).strip("\n")
        if self.document is None:
            documents[-1].head_comment = text
        else:
            documents[-1].foot_comment = _both(documents[-1].foot_comment, text)

    # Nodes.

    def reach(self, node: Node, role: Role, frame: Frame | None, start: Mark, end: Mark) -> None:
        """At the begin of a node, before it is entered into the collection of `frame`."""
        empty = start.index == end.index and node.kind is Kind.SCALAR
        if empty and self.text[start.index - 1 : start.index] not in (":", "-", "?"):
            return  # It stands where the next token begins, behind comments that are not its own.
        if frame is None or frame.flow:
            self.scan(start.index)
        elif role is Role.ITEM:
            self.scan(start.index, lambda column: self.dash(node, frame, column))
        elif role is Role.KEY:
            frame.column = start.column
            self.scan(start.index, lambda column: self.question(frame, column))
        else:
            self.scan(start.index)
        self.properties(node, end)
        self.arrive(node, role, frame, empty=empty)
        if node.kind in (Kind.MAPPING, Kind.SEQUENCE):
            self.tail = node if role is Role.ITEM else self.tail if role is Role.VALUE else None
            self.in_key += role is Role.KEY

    def arrive(self, node: Node, role: Role, frame: Frame | None, *, empty: bool) -> None:
        """Hand the lines above a node to it, unless they are to go to its first child."""
        if self.in_key or not self.run:
            if role is Role.KEY and not self.in_key:
                self.closed = []
        elif frame is not None and (role is Role.KEY or (role is Role.ITEM and frame.flow)):
            self.flush(node, frame)
        elif not (empty or _opens_block(node)):
            lines, self.run = self.run, []
            if role is Role.ROOT:
                lines = self.document_head(lines)
            blanks, lines = _leading_blanks(lines)
            node.head_comment = _both(node.head_comment, _joined(lines))
            if role is Role.VALUE and node.head_comment:
                node.blank_before = blanks
        self.begun = self.begun or not _opens_block(node)

    def dash(self, node: Node, frame: Frame, column: int) -> None:
        """At the `-` of an entry; comments between it and a collection belong to the first child of that."""
        frame.column = column
        self.flush(node, frame)
        self.tail = node

    def question(self, frame: Frame, column: int) -> None:
        """At the `?` of a key, or the properties of one."""
        frame.column = column
        self.tail = None

    def passed(self, node: Node, start: Mark, end: Mark) -> None:
        """Behind a scalar or an alias."""
        if start.index == end.index and self.cursor != start.index:
            return
        self.tail = node
        if node.style in _BLOCK_SCALAR:
            self.block_scalar(node, end)
        else:
            self.move(end)

    def close(self, frame: Frame, start: Mark, end: Mark) -> None:
        """At the end of a collection, with all its children in place."""
        node = frame.node
        if not frame.flow:
            if not self.in_key:
                self.closed.append(frame)
        elif start.index != end.index:  # a pair in a list, as in [a: b], ends with nothing
            self.close_flow(frame, start, end)
        if frame.role is Role.KEY:
            self.in_key -= 1
            self.tail = None
            self.run = [(_DEEPEST, text) for _, text in self.run if text]
        elif frame.flow and node.is_block and frame.role is not Role.ITEM:
            self.tail = frame.key if frame.key is not None and not frame.key.line_comment else None

    def close_flow(self, frame: Frame, start: Mark, end: Mark) -> None:
        """A flow collection with comments inside is turned into a block, since it can be written only so."""
        node = frame.node
        empty = not (node.items or node.pairs)
        if empty:
            self.tail = node
        self.scan(start.index)
        if not self.in_key:
            comments = [(_DEEPEST, text) for _, text in self.run if text]
            self.run = comments if empty else []
            if not empty:
                _add_foot(bottom(node), comments)
                if self.count != frame.count:
                    node.style = Style.NONE
                    _move_head_down(node, frame.role)
        self.move(end)
        self.tail = node

    # The text between nodes.

    def scan(self, end: int, arrived: Callable[[int], None] | None = None) -> None:
        """Take in what lies before `end`; `arrived` is told the column of the first indicator or property."""
        for token in _TOKEN.finditer(self.text, self.cursor, end):
            if token[1]:
                self.comment(token[1].rstrip(" \t"), token.start())
            elif token[2]:
                self.line_break(token.end())
            else:
                self.used = self.content = True
                if arrived is not None:
                    arrived(token.start() - self.line_start)
                    arrived = None
        self.cursor = max(self.cursor, end)

    def properties(self, node: Node, end: Mark) -> None:
        """Step over the anchor and the tag of a node, which may have comments behind them."""
        count = bool(node.anchor) + bool(node.tag)
        if not count:
            return
        stop = end.index if node.kind is Kind.SCALAR else len(self.text)
        for token in _TOKEN.finditer(self.text, self.cursor, stop):
            self.cursor = token.end()
            if token[1]:
                self.comment(token[1].rstrip(" \t"), token.start())
            elif token[2]:
                self.line_break(token.end())
            elif count:
                self.used = self.content = True
                count -= 1
                if not count and node.kind is not Kind.SCALAR:
                    break
            else:
                self.cursor = token.start()
                break

    def comment(self, text: str, position: int) -> None:
        """One comment: behind something, or on a line of its own."""
        self.count += 1
        column = position - self.line_start if not self.in_key else _DEEPEST
        tail = self.tail if self.content and not self.in_key else None
        if tail is not None and not tail.line_comment:
            tail.line_comment = text
        else:
            self.run.append((_DEEPEST if self.content else column, text))
        self.used = True

    def line_break(self, position: int) -> None:
        """The end of a line; `position` is where the next one begins."""
        if not self.used and not self.in_key:
            self.run.append(_BLANK)
        self.used = self.content = False
        self.line_start = position

    def move(self, mark: Mark) -> None:
        """Go on behind something."""
        self.cursor = mark.index
        self.line_start = mark.index - mark.column
        self.used = self.content = True

    def block_scalar(self, node: Node, end: Mark) -> None:
        """Behind a literal or folded text: the comment of its first line, and the blank lines below it."""
        header = _HEADER.match(self.text, self.cursor)
        assert header is not None
        if header[1]:
            self.content = True
            self.comment(header[1].rstrip(" \t"), header.start(1))
        self.tail = None
        begin = header.end()
        self.move(end)
        if end.column == 0:
            self.used = self.content = False
            if not self.in_key:
                self.run += [_BLANK] * _blanks_below(node, self.text[begin : end.index])

    # Lines of comments.

    def flush(self, node: Node, frame: Frame) -> None:
        """Hand the lines above a key or an entry to it, and to what ended above them."""
        if self.in_key:
            return
        lines, self.run = self.run, []
        if frame.flow:
            lines = [line for line in lines if line[1]]
        elif not self.begun:
            lines = self.document_head(lines)
        elif lines:
            lines = _deal(lines, self.levels(frame))
            if frame.node.items or frame.node.pairs:
                foot, lines = _split_foot(lines)
                _add_foot(bottom(frame.node), foot)
        self.closed = []
        self.begun = True
        node.blank_before, lines = _leading_blanks(lines)
        node.head_comment = _joined(lines)

    def document_head(self, lines: list[Line]) -> list[Line]:
        """Keep what is set off by a blank line at the begin of a document, and return the rest."""
        _, lines = _leading_blanks(lines)
        last = max((index for index, line in enumerate(lines) if not line[1]), default=-1)
        if last < 0 or self.document is None or self.begun:
            return lines
        while last > 0 and not lines[last - 1][1]:
            last -= 1
        self.document.head_comment = _joined(lines[:last])
        return lines[last:]

    def levels(self, frame: Frame) -> list[tuple[int, Node]]:
        """The least column of a comment, and what it then is the foot of, for all that ended in `frame`."""
        nodes = [(max(closed.column, frame.column + 1), bottom(closed.node)) for closed in self.closed]
        deepest = self.closed[0] if self.closed else frame
        if deepest.node.pairs:
            value = deepest.node.pairs[-1][1]
            if not value.is_block and value.style not in _BLOCK_SCALAR:
                nodes.insert(0, (max(deepest.column, frame.column) + 1, value))
        return nodes


def bottom(node: Node) -> Node:
    """What a comment right below a block collection, at its indentation, is the foot of."""
    if node.kind is Kind.SEQUENCE:
        return node.items[-1]
    key, value = node.pairs[-1]
    return value.items[-1] if value.kind is Kind.SEQUENCE and value.is_block else key


def _deal(lines: list[Line], levels: Sequence[tuple[int, Node]]) -> list[Line]:
    """Hand lines to the levels that they are indented for, never back to a deeper one; the rest is returned."""
    level = begin = 0
    for index, (column, text) in enumerate(lines):
        if not text:
            continue
        while level < len(levels) and column < levels[level][0]:
            level += 1
        if level == len(levels):
            break
        _add_foot(levels[level][1], lines[begin : index + 1])
        begin = index + 1
    return lines[begin:]


def _split_foot(lines: list[Line], *, at_end: bool = False) -> tuple[list[Line], list[Line]]:
    """Comments that follow at once and are set off from the next ones, and the rest."""
    end = next((index for index, line in enumerate(lines) if not line[1]), len(lines))
    return (lines[:end], lines[end:]) if at_end or end < len(lines) else ([], lines)


def _add_foot(node: Node, lines: Sequence[Line]) -> None:
    if lines:
        text = _joined(lines)
        node.foot_comment = f"{node.foot_comment}\n{text}" if node.foot_comment else text


def _move_head_down(node: Node, role: Role) -> None:
    """The head of a block that is a value or a document is that of its first child."""
    if node.head_comment and role is not Role.ITEM:
        first = node.items[0] if node.items else node.pairs[0][0]
        first.head_comment = _both(node.head_comment, first.head_comment)
        first.blank_before, node.blank_before = node.blank_before, 0
        node.head_comment = ""


def _leading_blanks(lines: list[Line]) -> tuple[int, list[Line]]:
    count = next((index for index, line in enumerate(lines) if line[1]), len(lines))
    return count, lines[count:]


def _opens_block(node: Node) -> bool:
    return node.kind in (Kind.MAPPING, Kind.SEQUENCE) and node.style is not Style.FLOW


def _joined(lines: Sequence[Line]) -> str:
    return "\n".join(text for _, text in lines)


def _both(first: str, second: str) -> str:
    return f"{first}\n{second}" if first and second else first or second


def _blanks_below(node: Node, text: str) -> int:
    """How many of the blank lines below a block scalar are not part of it; `text` begins behind its first line."""
    value = node.value
    if value.endswith("\n\n") or value == "\n":
        return 0
    lines = text.count("\n") + len(re.findall(r"\r(?!\n)|[\x85\u2028\u2029]", text)) - 1
    if node.style is Style.LITERAL:
        return max(0, lines - len(_BREAK.findall(value)) - (bool(value) and not value.endswith("\n")))
    if value.rstrip("\n")[-1:] in (" ", "\t"):
        return 0
    below = text[len(text.rstrip(" \t\r\n\x85\u2028\u2029")) :]
    return max(0, len(re.findall(r"\r\n|[\r\n\x85\u2028\u2029]", below)) - 1)
