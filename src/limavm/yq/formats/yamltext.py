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
    if root is not None and root.kind is Kind.SCALAR and options.unwrap is not False:
        head = "".join(f"{line}\n" for line in leading_lines(document))
        return ("---\n" if document.marked else "") + head + (f"{root.value}\n" if root.value or not head else "")
    return write([document], indent=max(options.indent, 2), indented_lists=not options.compact)
