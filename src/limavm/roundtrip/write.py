"""Documents to YAML text, comments included.

Block collections are indented by two blanks, lists not below their key. A list is indented all the same
when a comment below it would otherwise go to the next key. Long lines are not folded.
"""

from collections.abc import Sequence

from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.nodes import Document, Kind, Node, Style
from limavm.roundtrip.styles import block, inline, properties

#: Trees are made by expressions too, and those can nest and repeat without end.
MAX_DEPTH = 200
MAX_NODES = 1_000_000

#: libyaml looks for the colon of a key within 1024 characters.
_LONG_KEY = 1000


def write(documents: Sequence[Document], *, indent: int = 2, indented_lists: bool = False, comment_gap: int = 2) -> str:
    """The text of documents: LF, `comment_gap` blanks before a comment behind something, one newline at the end.

    Raises YamlError for a tree that is too deep or too large to be one that a person wrote.
    """
    writer = _Writer(indent, indented_lists=indented_lists, comment_gap=comment_gap)
    for index, document in enumerate(documents):
        if index or document.marked or (document.root is None and len(documents) > 1):
            writer.marker(document.preamble)
        writer.document(document)
    return writer.text()


def write_node(node: Node, *, indent: int = 2, indented_lists: bool = False) -> str:
    """The text of one node, as if it were a document."""
    return write([Document(root=node)], indent=indent, indented_lists=indented_lists)


class _Writer:
    def __init__(self, indent: int, *, indented_lists: bool, comment_gap: int) -> None:
        self.indent = indent
        self.indented_lists = indented_lists
        self.gap = " " * comment_gap
        self.lines: list[str] = []
        #: The column of a foot that the last line belongs to, else -1.
        self.foot_column = -1
        #: Whether blank lines would belong to the text above.
        self.keeps_blanks = False
        self.depth = 0
        self.nodes = 0

    def text(self) -> str:
        self.trim()
        return "\n".join(self.lines) + "\n" if self.lines else ""

    # Lines.

    def trim(self) -> None:
        """Drop the blank lines at the end of a document."""
        while self.lines and not self.lines[-1] and not self.keeps_blanks:
            self.lines.pop()

    def noted(self, line: str, comment: str) -> str:
        """A line with a comment behind it, which is one line whatever it was."""
        if not comment.strip():
            return line
        text = " ".join(_hashed(part) for part in comment.splitlines() if part.strip())
        return f"{line}{self.gap}{text}" if line else text

    def line(self, text: str) -> None:
        self.lines.append(text)
        self.foot_column = -1
        self.keeps_blanks = False

    def blank(self, count: int = 1) -> None:
        if self.lines and not self.keeps_blanks:
            self.lines += [""] * count
            self.foot_column = -1

    def comment(self, text: str, column: int) -> None:
        """Lines of comments."""
        for line in text.split("\n") if text else ():
            if line.strip():
                self.line(" " * column + _hashed(line))
            else:
                self.blank()

    def foot(self, text: str, column: int) -> None:
        self.comment(text, column)
        if text:
            self.foot_column = column

    def above(self, node: Node, column: int, *, first: bool) -> None:
        """Blank lines and comments above a key or an entry."""
        blanks = node.blank_before
        head = node.head_comment
        if not blanks and (self.foot_column == column or (not first and _is_parted(head))):
            blanks = 1  # else it would be read as the foot of what is above
        self.blank(blanks)
        self.comment(head, column)

    # Documents.

    def marker(self, preamble: str) -> None:
        self.trim()
        self.comment(preamble, 0)
        self.line("---")

    def document(self, document: Document) -> None:
        root = document.root
        self.comment(document.head_comment, 0)
        if root is not None:
            if document.head_comment and not (self.is_block(root) and _first(root).blank_before):
                self.blank()
            self.root(root)
        if document.foot_comment:
            if self.keeps_blanks:
                self.line("...")
            elif root is not None:
                self.blank()
            self.comment(document.foot_comment, 0)

    def root(self, root: Node) -> None:
        self.comment(root.head_comment, 0)
        if not self.is_block(root):
            self.leaf("", root, self.indent)
        else:
            self.comment(root.line_comment, 0)
            if props := properties(root):
                self.line(props)
            self.collection(root, 0, followed=True)
        self.foot(root.foot_comment, 0)

    # Collections.

    def is_block(self, node: Node) -> bool:
        """Whether it is written over several lines; comments do not fit into a flow collection."""
        if node.kind not in (Kind.MAPPING, Kind.SEQUENCE) or not (node.items or node.pairs):
            return False
        return node.style is not Style.FLOW or _is_commented(node)

    def collection(self, node: Node, column: int, *, first: str = "", followed: bool = False) -> None:
        """The entries of a block collection; `first` is what the line of the first one begins with."""
        self.enter(node)
        if node.kind is Kind.SEQUENCE:
            for index, item in enumerate(node.items):
                self.item(item, column, first if index == 0 else "", first=index == 0)
        else:
            for index, (key, value) in enumerate(node.pairs):
                last = index == len(node.pairs) - 1
                lead = first if index == 0 else ""
                if not lead:
                    self.above(key, column, first=index == 0)
                self.pair(key, value, column, lead or " " * column, followed=followed or not last)
                self.foot(key.foot_comment, column)
        self.depth -= 1

    def enter(self, node: Node) -> None:
        self.depth += 1
        self.nodes += 1 + len(node.items) + 2 * len(node.pairs)
        if self.depth > MAX_DEPTH:
            raise YamlError(f"lists and mappings nest deeper than {MAX_DEPTH} levels", source=node.source)
        if self.nodes > MAX_NODES:
            raise YamlError(f"there are more than {MAX_NODES} values to write", source=node.source)

    def item(self, item: Node, column: int, lead: str, *, first: bool) -> None:
        if not lead:
            self.above(item, column, first=first)
        lead = (lead or " " * column) + "-"
        inside = column + 2
        if not self.is_block(item):
            self.leaf(lead, item, inside, step=2)
        elif properties(item) or item.line_comment or _first(item).head_comment:
            self.line(self.noted(_spaced(lead, properties(item)), item.line_comment))
            self.collection(item, inside)
        else:
            self.collection(item, inside, first=lead + " ")
        self.foot(item.foot_comment, column)

    def pair(self, key: Node, value: Node, column: int, lead: str, *, followed: bool) -> None:
        lead = self.key(key, column, lead)
        inside = column + self.indent
        if not self.is_block(value):
            self.value(lead, key.line_comment, value, inside)
            return
        if value.kind is Kind.SEQUENCE and not (self.indented_lists or (followed and _is_parted(_last_foot(value)))):
            inside = column
        note, more = key.line_comment or value.line_comment, value.line_comment if key.line_comment else ""
        self.line(self.noted(_spaced(lead, properties(value)), note))
        self.comment(more, inside)
        self.comment(value.head_comment, inside)
        self.collection(value, inside)
        self.foot(value.foot_comment, inside)

    def key(self, key: Node, column: int, lead: str) -> str:
        """Write what comes before the colon, and return the line with it."""
        if key.kind in (Kind.MAPPING, Kind.SEQUENCE):
            self.line(f"{lead}? {self.flow(key)}")
            return " " * column + ":"
        text = inline(key, key=True)
        if len(text) > _LONG_KEY:
            self.line(f"{lead}? {text}")
            return " " * column + ":"
        return f"{lead}{text} :" if key.kind is Kind.ALIAS else f"{lead}{text}:"

    def value(self, lead: str, note: str, value: Node, inside: int) -> None:
        """A value that is no block collection, on the line of its key unless there are comments between them."""
        is_null = value.kind is Kind.SCALAR and not inline(value)
        if is_null or not (note or value.head_comment):
            is_text = self.leaf(lead, value, inside, note=note)
            self.comment(value.head_comment, inside)
            self.comment(value.line_comment if note else "", inside)
        else:
            self.line(self.noted(lead, note))
            self.blank(value.blank_before)
            self.comment(value.head_comment, inside)
            is_text = self.leaf(" " * inside, value, inside)
        self.foot(value.foot_comment, inside - self.indent if is_text else inside)

    def leaf(self, lead: str, node: Node, inside: int, *, note: str = "", step: int = 0) -> bool:
        """A scalar, an alias, or a flow collection behind `lead`; whether it became a text over several lines.

        `inside` is the column of these, and `step` how much deeper than the parent that is, if not as usual.
        """
        note = note or node.line_comment
        parts = block(node, step or self.indent)
        if parts is None:
            is_flow = node.kind in (Kind.MAPPING, Kind.SEQUENCE)
            self.line(self.noted(_spaced(lead, self.flow(node) if is_flow else inline(node)), note))
            return False
        header, lines = parts
        self.line(self.noted(_spaced(lead, header), note))
        margin = " " * inside
        for line in lines:
            self.line(margin + line if line else "")
        self.keeps_blanks = header.endswith("+")
        return True

    def flow(self, node: Node) -> str:
        """Anything on one line."""
        self.enter(node)
        if node.kind is Kind.SEQUENCE:
            text = "[" + ", ".join(self.flow(item) for item in node.items) + "]"
        elif node.kind is Kind.MAPPING:
            text = "{" + ", ".join(self.flow_pair(key, value) for key, value in node.pairs) + "}"
        else:
            self.depth -= 1
            return inline(node, flow=True)
        self.depth -= 1
        return _spaced(properties(node), text)

    def flow_pair(self, key: Node, value: Node) -> str:
        text = self.flow(key) if key.kind is not Kind.SCALAR else inline(key, flow=True, key=True)
        if value.kind is Kind.SCALAR and not inline(value):
            return text  # as in {a, b}; {{.Home}} is such a mapping too
        if key.kind in (Kind.MAPPING, Kind.SEQUENCE) or len(text) > _LONG_KEY:
            text = f"? {text} "
        elif key.kind is Kind.ALIAS:
            text += " "
        return f"{text}: {self.flow(value)}"


def _spaced(before: str, after: str) -> str:
    """Two parts of a line with a blank between them, unless the first one is the margin or there is no second."""
    return f"{before} {after}" if after and before.strip() else before + after


def _hashed(line: str) -> str:
    line = line.strip()
    return line if line.startswith("#") else f"# {line}"


def _is_parted(comment: str) -> bool:
    """Whether there are blank lines in a comment, or around it."""
    return bool(comment) and not all(line.strip() for line in comment.split("\n"))


def _first(node: Node) -> Node:
    """The entry or the key that a block collection begins with."""
    return node.items[0] if node.items else node.pairs[0][0]


def _last_foot(node: Node) -> str:
    return node.items[-1].foot_comment or node.foot_comment


def _is_commented(node: Node) -> bool:
    """Whether anything inside of a collection has a comment."""
    waiting = list(node.children())
    while waiting:
        child = waiting.pop()
        if child.head_comment or child.line_comment or child.foot_comment:
            return True
        waiting += child.children()
    return False
