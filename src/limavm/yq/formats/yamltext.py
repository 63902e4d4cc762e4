"""YAML, through roundtrip; a single scalar is written bare."""

from limavm.roundtrip.nodes import Document, Kind
from limavm.roundtrip.read import read
from limavm.roundtrip.write import write
from limavm.yq.formats.comments import leading_lines
from limavm.yq.formats.options import Options
from limavm.yq.formats.source import MAX_BYTES


def decode(data: bytes, source: str, _options: Options) -> list[Document]:
    """All documents; an empty text has one without a value."""
    return read(data, source, duplicates=True, max_bytes=MAX_BYTES)


def encode(document: Document, options: Options) -> str:
    """One document with its comments, without a marker unless it was read with one."""
    root = document.root
    if root is None or (root.kind is Kind.SCALAR and not root.value and root.is_null):
        return _without_value(document)
    if root.kind is Kind.SCALAR and options.unwrap is not False:
        return _leading(document) + f"{root.value}\n"
    # An indent of 0 is the default of yaml.v3, which is 4.
    indent = max(options.indent or 4, 2)
    return write([document], indent=indent, indented_lists=not options.compact, comment_gap=1)


def _without_value(document: Document) -> str:
    """Comments and a marker are all there is; else an empty line stands for the null."""
    return _leading(document) or "\n"


def _leading(document: Document) -> str:
    """The lines above the value."""
    above = f"{document.preamble}\n" if document.preamble else ""
    lines = "".join(f"{line}\n" for line in leading_lines(document))
    return (f"{above}---\n" if document.marked else above) + lines
