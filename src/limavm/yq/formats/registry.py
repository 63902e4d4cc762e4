"""The table of formats, and the two functions through which all of them are used.

A format's module is loaded when it is used: `limactl yq . x.yaml` needs no CSV. It defines
`decode(data, source, options)`, `encode(document, options)`, or both.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol, cast

from limavm.errors import UserError
from limavm.roundtrip.nodes import Document
from limavm.yq.formats.options import Options

#: (name, other names, module, reads, writes)
_TABLE = (
    ("yaml", ("y", "yml"), "yamltext", True, True),
    ("json", ("j",), "jsontext", True, True),
    ("props", ("p", "properties"), "properties", True, True),
    ("csv", ("c",), "separated", True, True),
    ("tsv", ("t",), "tabbed", True, True),
    ("base64", (), "base64text", True, True),
    ("uri", (), "uri", True, True),
    ("toml", (), "toml", True, False),
    ("shell", ("s", "sh"), "shell", False, True),
    ("ini", ("i",), "ini", True, True),
    ("words", (), "words", False, True),
)
_NAMES = {name: row[0] for row in _TABLE for name in (row[0], *row[1])}
_MODULES = {row[0]: row[2] for row in _TABLE}
INPUT = tuple(row[0] for row in _TABLE if row[3])
#: What can be asked for; `words` (a shell's words) is for the operator `@sh` alone.
OUTPUT = tuple(row[0] for row in _TABLE if row[4] and row[0] != "words")
#: Formats of yq that are not built.
_LEFT_OUT = {
    "kyaml": "kyaml",
    "ky": "kyaml",
    "hcl": "hcl",
    "h": "hcl",
    "tf": "hcl",
    "lua": "lua",
    "l": "lua",
    "x": "xml",
}


class _Decoder(Protocol):
    def decode(self, data: bytes, source: str, options: Options) -> list[Document]: ...


class _Encoder(Protocol):
    def encode(self, document: Document, options: Options) -> str: ...


def name_for(given: str, known: Sequence[str]) -> str:
    """The full name of a format that may be given by a short one; raises UserError naming the known ones."""
    name = _NAMES.get(given, given)
    if name in known:
        return name
    listed = ", ".join(known)
    if name in _NAMES or name in _LEFT_OUT:
        direction = "written" if known is OUTPUT else "read"
        name = _LEFT_OUT.get(name, name)
        raise UserError(f"the format {name!r} cannot be {direction} by limavm", hint=f"formats: {listed}")
    raise UserError(f"unknown format {given!r}", hint=f"formats: {listed}")


def decode_as(data: bytes, format: str, source: str, options: Options) -> list[Document]:  # noqa: A002
    """The documents of a text; an empty text may have none. Raises UserError with the line."""
    module = cast(_Decoder, import_module(f"limavm.yq.formats.{_MODULES[name_for(format, INPUT)]}"))
    try:
        return module.decode(data, source, options)
    except RecursionError as error:
        raise UserError("the text is nested too deeply", where=source) from error


def decode(text: bytes, format: str, source: str, **options: Any) -> list[Document]:  # noqa: A002
    """`decode_as` with the fields of Options as keywords."""
    return decode_as(text, format, source, _chosen(options))


def _chosen(options: dict[str, Any]) -> Options:
    return Options(**options)


def encode_one(document: Document, format: str, options: Options) -> str:  # noqa: A002
    """The text of one result, with the newline that the format ends it with."""
    module = cast(_Encoder, import_module(f"limavm.yq.formats.{_MODULES[_NAMES.get(format, format)]}"))
    try:
        return module.encode(document, options)
    except RecursionError as error:
        raise UserError("the value is nested too deeply to be written") from error


def encode(documents: Sequence[Document], format: str, **options: Any) -> str:  # noqa: A002
    """All documents one after the other, those of YAML set apart by `---`."""
    chosen = _chosen(options)
    name = name_for(format, OUTPUT)
    parts: list[str] = []
    for index, document in enumerate(documents):
        if index and name == "yaml" and not document.marked:
            parts.append("---\n")
        parts.append(encode_one(document, name, chosen))
    return "".join(parts)
