"""Comma-separated values: a list of flat mappings, or a list of lists when writing.

The first line names the columns. A value that reads as a number, a boolean or null is one; lists and
mappings only when that is asked for.
"""

from limavm.errors import UserError
from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.nodes import Document, Kind, Node, mapping, null, scalar, sequence, text
from limavm.roundtrip.read import read
from limavm.roundtrip.scalars import implicit_tag
from limavm.yq.formats.options import Options
from limavm.yq.formats.plain import exploded
from limavm.yq.formats.source import MAX_VALUES, text_of, wrong


def encode(document: Document, options: Options) -> str:
    """The rows of a list; a single scalar is written as it is."""
    return rows_of(document, options.csv_separator)


def decode(data: bytes, source: str, options: Options) -> list[Document]:
    """A list with a mapping for each line after the first."""
    return read_rows(data, source, options, options.csv_separator)


def rows_of(document: Document, separator: str) -> str:
    """`encode` with a separator of one character."""
    root = exploded(document.root or null())
    if root.kind is Kind.SCALAR:
        return f"{root.value}\n"
    if root.kind is not Kind.SEQUENCE:
        raise UserError(f"only a list can be written as separated values, and this is a {root.full_tag}")
    if not root.items:
        return ""
    match root.items[0].kind:
        case Kind.SCALAR:
            rows = [_row(root, separator)]
        case Kind.MAPPING:
            rows = _mappings(root.items, separator)
        case _:
            rows = [_row(_expect(item, Kind.SEQUENCE, index), separator) for index, item in enumerate(root.items)]
    return "".join(f"{row}\n" for row in rows)


def _mappings(items: list[Node], separator: str) -> list[str]:
    """The keys of the first mapping as a header, and their values in each of them."""
    keys = [key for key, _ in items[0].pairs]
    rows = [_row(sequence(keys), separator)]
    empty = scalar("")
    for index, item in enumerate(items):
        _expect(item, Kind.MAPPING, index)
        rows.append(_row(sequence([item.get(key.value) or empty for key in keys]), separator))
    return rows


def _expect(node: Node, kind: Kind, index: int) -> Node:
    if node.kind is not kind:
        raise UserError(f"entry {index} is a {node.full_tag}, and the first one is a !!{kind}: no table")
    return node


def _row(node: Node, separator: str) -> str:
    for index, item in enumerate(node.items):
        if item.kind is not Kind.SCALAR:
            raise UserError(f"a row takes texts, numbers and booleans, and value {index} is a {item.full_tag}")
    return separator.join(_field(item.value, separator) for item in node.items)


def _field(value: str, separator: str) -> str:
    """Between quotes where Go's encoding/csv puts them."""
    special = any(char in value for char in (separator, '"', "\r", "\n"))
    if value == r"\." or special or (value and value[0].isspace()):
        return '"' + value.replace('"', '""') + '"'
    return value


def read_rows(data: bytes, source: str, options: Options, separator: str) -> list[Document]:
    """`decode` with a separator of one character."""
    rows = _Fields(text_of(data, source), separator, source).rows()
    if not rows:
        return []
    _, header = rows[0]
    items: list[Node] = []
    for line, row in rows[1:]:
        if len(items) * len(header) > MAX_VALUES:
            raise wrong(f"there are more than {MAX_VALUES} values", source, line)
        if len(row) != len(header):
            raise wrong(f"{len(row)} values where the first line has {len(header)}", source, line)
        pairs = zip(header, row, strict=True)
        items.append(mapping([(text(name), _value(value, options)) for name, value in pairs]))
    return [Document(root=sequence(items), source=source)]


def _value(given: str, options: Options) -> Node:
    if options.auto_parse and given[:1] in ("[", "{", "-", "&", "*", "!"):
        try:
            found = read(given.encode(), "value")[0].root
        except YamlError:
            found = None
        if found is not None and found.kind in (Kind.SEQUENCE, Kind.MAPPING):
            return found
    if implicit_tag(given) in ("!!str", "!!merge"):
        return text(given)
    return scalar(given)


class _Fields:
    """Goes through a text once (RFC 4180 as Go's encoding/csv understands it)."""

    def __init__(self, given: str, separator: str, source: str) -> None:
        self._lines = given.replace("\r\n", "\n").split("\n")
        self._separator = separator
        self._source = source
        self._number = 0

    def rows(self) -> list[tuple[int, list[str]]]:
        """The values of each line that is not empty, with the number of the line."""
        rows: list[tuple[int, list[str]]] = []
        while self._number < len(self._lines):
            line = self._lines[self._number]
            begun = self._number + 1
            row = self._row(line)
            if line:
                rows.append((begun, row))
            self._number += 1
        return rows

    def _row(self, line: str) -> list[str]:
        fields: list[str] = []
        position = 0
        while True:
            if line.startswith('"', position):
                value, line, position = self._quoted(line, position + 1)
            else:
                end = line.find(self._separator, position)
                end = len(line) if end < 0 else end
                value, position = line[position:end], end
                if '"' in value:
                    raise wrong("a quote inside of a value that has none around it", self._source, self._number + 1)
            fields.append(value)
            if position >= len(line):
                return fields
            position += 1

    def _quoted(self, line: str, position: int) -> tuple[str, str, int]:
        """The value, the line on which it ends, and the position behind its last quote."""
        begun = self._number + 1
        parts: list[str] = []
        while True:
            end = line.find('"', position)
            if end < 0:
                parts += [line[position:], "\n"]
                self._number += 1
                if self._number >= len(self._lines):
                    raise wrong("the quote that begins a value has no end", self._source, begun)
                line, position = self._lines[self._number], 0
                continue
            parts.append(line[position:end])
            position = end + 1
            if line.startswith('"', position):
                parts.append('"')
                position += 1
                continue
            if position < len(line) and not line.startswith(self._separator, position):
                raise wrong("a value goes on behind its last quote", self._source, self._number + 1)
            return "".join(parts), line, position
