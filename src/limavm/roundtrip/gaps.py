"""What stands between the events of a text: blanks, indicators, properties and comments.

It is looked at once, from left to right. A comment behind something is given to that at once (`tail`);
comments on lines of their own, and blank lines, are gathered (`run`) until somebody takes them.
"""

import re
from collections.abc import Callable

from yaml._yaml import Mark

from limavm.roundtrip.lines import BLANK, Line
from limavm.roundtrip.nodes import Kind, Node, Style

#: A comment, a line break, or anything else that is no blank.
_TOKEN = re.compile(r"(#[^\n\r\x85\u2028\u2029]*)|(\r\n|[\n\r\x85\u2028\u2029])|[^ \t\n\r\x85\u2028\u2029#]+")
_HEADER = re.compile(r"[^\n\r\x85\u2028\u2029#]*(#[^\n\r\x85\u2028\u2029]*)?")
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")

#: The column of a comment that belongs to what stands before it, however that is indented.
DEEPEST = 1 << 30


class Gaps:
    """A place in the text that moves on."""

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
        #: How many keys that are collections are open; what comments are in there goes to what comes next.
        self.in_key = 0
        #: How many comments there were.
        self.count = 0

    def take(self) -> list[Line]:
        """The lines so far, which are gone then."""
        lines, self.run = self.run, []
        return lines

    def scan(self, end: int, arrived: Callable[[int], None] | None = None) -> None:
        """Take in what lies before `end`; `arrived` is told the column of the first indicator or property."""
        for token in _TOKEN.finditer(self.text, self.cursor, end):
            if not self.blank_or_comment(token):
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
        is_scalar = node.kind is Kind.SCALAR
        for token in _TOKEN.finditer(self.text, self.cursor, end.index if is_scalar else len(self.text)):
            if self.blank_or_comment(token):
                self.cursor = token.end()
            elif count:
                self.cursor = token.end()
                self.used = self.content = True
                count -= 1
                if not count and not is_scalar:
                    break
            else:
                self.cursor = token.start()
                break

    def blank_or_comment(self, token: re.Match[str]) -> bool:
        """Take in a comment or the end of a line; False for anything else."""
        if token[1]:
            self.comment(token[1].rstrip(" \t"), token.start())
        elif token[2]:
            self.line_break(token.end())
        else:
            return False
        return True

    def comment(self, text: str, position: int) -> None:
        """One comment: behind something, or on a line of its own."""
        self.count += 1
        tail = self.tail if self.content and not self.in_key else None
        if tail is not None and not tail.line_comment:
            tail.line_comment = text
        else:
            self.run.append((DEEPEST if self.content or self.in_key else position - self.line_start, text))
        self.used = True

    def line_break(self, position: int) -> None:
        """The end of a line; `position` is where the next one begins."""
        if not self.used and not self.in_key:
            self.run.append(BLANK)
        self.used = self.content = False
        self.line_start = position

    def move(self, mark: Mark) -> None:
        """Go on behind something."""
        self.cursor = mark.index
        self.line_start = mark.index - mark.column
        self.used = self.content = True

    def block_scalar(self, node: Node, end: Mark) -> None:
        """Step over a literal or folded text: the comment of its first line, and the blank lines below it."""
        header = _HEADER.match(self.text, self.cursor)
        assert header is not None
        if header[1]:
            self.content = True
            self.comment(header[1].rstrip(" \t"), header.start(1))
        self.tail = None
        self.move(end)
        if end.column == 0:
            self.used = self.content = False
            if not self.in_key:
                self.run += [BLANK] * blanks_below(node, self.text[header.end() : end.index])


def blanks_below(node: Node, text: str) -> int:
    """How many of the last lines of a block scalar are not part of it; `text` begins behind its first line."""
    value = node.value
    if value.endswith("\n\n") or value == "\n":
        return 0
    if node.style is Style.LITERAL:
        lines = len(_BREAK.findall(text)) - 1
        return max(0, lines - len(_BREAK.findall(value)) - (bool(value) and not value.endswith("\n")))
    # Lines of blanks are part of a text that ends with blanks.
    blanks = "" if value.rstrip("\n")[-1:] in (" ", "\t") else " \t"
    below = text[len(text.rstrip(blanks + "\r\n\x85\u2028\u2029")) :]
    return max(0, len(_BREAK.findall(below)) - 1)
