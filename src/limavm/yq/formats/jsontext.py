"""JSON: a text may hold any number of values one after the other, as yq reads and writes them.

Integers keep all their digits; other numbers take the form in which Go writes a float of 64 bits.
Half of a surrogate pair, which no text can hold, becomes U+FFFD.
"""

import json
import re
from typing import Any, NoReturn

from limavm.errors import UserError
from limavm.model.floats import shortest
from limavm.roundtrip.nodes import Document, Kind, Node, mapping, null, scalar, sequence, text
from limavm.yq.formats.numbers import json_number
from limavm.yq.formats.options import Options
from limavm.yq.formats.plain import exploded
from limavm.yq.formats.source import MAX_DEPTH, MAX_VALUES, text_of, wrong
from limavm.yq.scalars import real_tag

_BLANK = re.compile(r"[ \t\n\r]*")
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_SPECIAL = re.compile(r'["\\\x00-\x1f\u2028\u2029]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def decode(data: bytes, source: str, _options: Options) -> list[Document]:
    """One document for each value of the text, none for a text of blanks."""
    return read(text_of(data, source), source)


def read(given: str, source: str) -> list[Document]:
    """`decode` of a text."""
    _check_depth(given, source)
    tree = _Tree()
    decoder = json.JSONDecoder(
        object_pairs_hook=tree.object, parse_int=tree.integer, parse_float=tree.float, parse_constant=_no_number
    )
    documents: list[Document] = []
    end = _after_blank(given, 0)
    while end < len(given):
        try:
            value, end = decoder.raw_decode(given, end)
            documents.append(Document(root=tree.node(value), source=source))
        except json.JSONDecodeError as error:
            raise wrong(f"no JSON: {error.msg[:1].lower()}{error.msg[1:]}", source, error.lineno) from error
        except _RefusedError as error:
            raise wrong(str(error), source, given.count("\n", 0, end) + 1) from error
        end = _after_blank(given, end)
    return documents


def encode(document: Document, options: Options) -> str:
    """One value and a newline; a single scalar without quotes when that is wanted."""
    root = exploded(document.root or null())
    if root.kind is Kind.SCALAR and options.unwrap:
        return f"{root.value}\n"
    return dump(root, options.indent) + "\n"


def dump(root: Node, indent: int) -> str:
    """The value as JSON, on one line when `indent` is 0."""
    parts: list[str] = []
    _Writer(parts, indent).write(root, 0)
    return "".join(parts)


def quote(value: str) -> str:
    """A text between quotes, escaped as little as Go does without the escaping for HTML."""
    return f'"{_SPECIAL.sub(_escape, value)}"'


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}"


class _Writer:
    def __init__(self, parts: list[str], indent: int) -> None:
        self._parts = parts
        self._indent = indent

    def write(self, node: Node, depth: int) -> None:
        match node.kind:
            case Kind.MAPPING:
                entries = [(quote(key.value) + (": " if self._indent else ":"), value) for key, value in node.pairs]
                self._entries(entries, "{}", depth)
            case Kind.SEQUENCE:
                self._entries([("", item) for item in node.items], "[]", depth)
            case Kind.SCALAR:
                self._parts.append(_scalar(node))
            case Kind.ALIAS:
                raise UserError(f"the alias {node.value!r} refers to nothing")

    def _entries(self, entries: list[tuple[str, Node]], brackets: str, depth: int) -> None:
        if not entries:
            self._parts.append(brackets)
            return
        self._parts.append(brackets[0])
        for index, (key, value) in enumerate(entries):
            self._parts.append("," if index else "")
            self._break(depth + 1)
            self._parts.append(key)
            self.write(value, depth + 1)
        self._break(depth)
        self._parts.append(brackets[1])

    def _break(self, depth: int) -> None:
        if self._indent:
            self._parts.append("\n" + " " * (self._indent * depth))


def _scalar(node: Node) -> str:
    tag = real_tag(node)
    try:
        if tag in ("!!int", "!!float"):
            return json_number(node.value, is_float=tag == "!!float")
    except (ValueError, OverflowError) as error:
        raise UserError(
            f"{node.value[:80]!r} has no counterpart in JSON",
            where=f"{node.source}, line {node.line}" if node.line else None,
        ) from error
    if tag == "!!null":
        return "null"
    if tag == "!!bool" and node.value.lower() in ("true", "false"):
        return node.value.lower()
    return quote(node.value)


class _RefusedError(ValueError):
    """A number that JSON has not, or too many values."""


def _no_number(name: str) -> NoReturn:
    raise _RefusedError(f"no JSON: {name} is no value")


class _Tree:
    """Makes nodes of what the decoder finds, and counts them."""

    def __init__(self) -> None:
        self._count = 0

    def _take(self, values: int) -> None:
        self._count += values
        if self._count > MAX_VALUES:
            raise _RefusedError(f"there are more than {MAX_VALUES} values")

    def object(self, pairs: list[tuple[str, Any]]) -> Node:
        self._take(len(pairs))
        return mapping([(text(_whole(key)), self.node(value)) for key, value in pairs])

    def integer(self, literal: str) -> Node:
        self._take(1)
        return scalar(literal)

    def float(self, literal: str) -> Node:
        self._take(1)
        value = float(literal)
        if value in (float("inf"), float("-inf")):
            raise _RefusedError(f"the number {literal[:40]} is too big")
        if value == int(value) and abs(value) < 1 << 63:
            return scalar(str(int(value)))
        return scalar(shortest(value))

    def node(self, value: Any) -> Node:
        if isinstance(value, Node):
            return value
        if isinstance(value, list):
            return sequence([self.node(item) for item in value])
        self._take(1)
        if value is None:
            return null()
        if isinstance(value, bool):
            return scalar("true" if value else "false")
        return text(_whole(value))


def _whole(value: str) -> str:
    """The text without halves of surrogate pairs."""
    if value.isascii():
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _after_blank(given: str, position: int) -> int:
    found = _BLANK.match(given, position)
    return found.end() if found else position


def _check_depth(given: str, source: str) -> None:
    """Refuse what would nest the tree, and the functions that walk it, too deeply."""
    if given.count("[") + given.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for found in _BRACKET.finditer(given):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0][0], 0)
        if depth > MAX_DEPTH:
            line = given.count("\n", 0, found.start()) + 1
            raise wrong(f"lists and objects are nested more than {MAX_DEPTH} deep", source, line)
