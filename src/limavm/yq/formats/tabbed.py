"""Tab-separated values: `separated` with a tab."""

from limavm.roundtrip.nodes import Document
from limavm.yq.formats import separated
from limavm.yq.formats.options import Options


def encode(document: Document, _options: Options) -> str:
    """The rows of a list."""
    return separated.rows_of(document, "\t")


def decode(data: bytes, source: str, options: Options) -> list[Document]:
    """A list with a mapping for each line after the first."""
    return separated.read_rows(data, source, options, "\t")
