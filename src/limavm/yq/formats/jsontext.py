"""JSON: a text may hold any number of values one after the other, as yq reads and writes them.

Integers keep all their digits; other numbers take the form in which Go writes a float of 64 bits.
Half of a surrogate pair, which no text can hold, becomes U+FFFD.
"""

import json
import re
from typing import Any, NoReturn

from limavm.errors import UserError
from limavm.roundtrip.nodes import Document, Kind, Node, mapping, null, scalar, sequence, text
from limavm.yq.formats.numbers import json_number, shortest
from limavm.yq.formats.options import Options
from limavm.yq.formats.plain import exploded
from limavm.yq.formats.source import MAX_DEPTH, text_of, wrong
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
    decoder = json.JSONDecoder(
        object_pairs_hook=_object, parse_int=scalar, parse_float=_float, parse_constant=_no_number
    )
    documents: list[Document] = []
    end = _after_blank(given, 0)
    while end < len(given):
        try:
            value, end = decoder.raw_decode(given, end)
        except json.JSONDecodeError as error:
            raise wrong(f"no JSON: {error.msg[:1].lower()}{error.msg[1:]}", source, error.lineno) from error
        except _NoNumberError as error:
            raise wrong(str(error), source, given.count("\n", 0, end) + 1) from error
        documents.append(Document(root=_node(value), source=source))
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


def _object(pairs: list[tuple[str, Any]]) -> Node:
    return mapping([(text(_whole(key)), _node(value)) for key, value in pairs])


def _float(literal: str) -> Node:
    value = float(literal)
    if value in (float("inf"), float("-inf")):
        raise _NoNumberError(f"the number {literal[:40]} is too big")
    if value == int(value) and abs(value) < 1 << 63:
        return scalar(str(int(value)))
    return scalar(shortest(value))


class _NoNumberError(ValueError):
    """A number that JSON has not."""


def _no_number(name: str) -> NoReturn:
    raise _NoNumberError(f"no JSON: {name} is no value")


def _node(value: Any) -> Node:
    match value:
        case Node():
            return value
        case None:
            return null()
        case bool():
            return scalar("true" if value else "false")
        case list():
            return sequence([_node(item) for item in value])
        case _:
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
