"""Assignments of shell variables, `a_b_0='text'`, and words that a shell takes as they are."""

import unicodedata

from limavm.roundtrip.nodes import Document, Kind, Node, null
from limavm.yq.formats.options import Options
from limavm.yq.formats.plain import exploded


def encode(document: Document, options: Options) -> str:
    """One assignment for each scalar; names keep the letters and digits of ASCII, accents are dropped."""
    lines: list[str] = []
    _add(exploded(document.root or null()), "", options, lines)
    return "".join(lines)


def _add(node: Node, path: str, options: Options, lines: list[str]) -> None:
    if node.kind is Kind.SCALAR:
        lines.append(f"{path or 'value'}={node.value if options.unwrap else _quoted(node.value)}\n")
    for index, item in enumerate(node.items):
        _add(item, _name(path, str(index), options), options, lines)
    for key, value in node.pairs:
        _add(value, _name(path, key.value, options), options, lines)


def _name(path: str, key: str, options: Options) -> str:
    plain = unicodedata.normalize("NFKD", key)
    name = "".join(char if _is_word(char) else "_" for char in plain if " " <= char <= "~")
    if path:
        return path + options.shell_separator + name
    return name if name[:1] and not name[0].isdigit() and _is_word(name[0]) else f"_{name}"


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def _quoted(value: str) -> str:
    if all(_is_word(char) for char in value):
        return value
    return "'" + value.replace("'", "'\"'\"'") + "'"
