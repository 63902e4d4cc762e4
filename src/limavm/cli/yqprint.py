"""Results of yq on their way out: separators, NUL instead of newlines, colours, files of their own."""

import os
import re
from collections.abc import Callable, Sequence

import msgspec

from limavm.errors import UserError
from limavm.roundtrip import anchors
from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.yq.context import Candidate
from limavm.yq.formats import Options, encode_one, looks

_EXTENSION = re.compile(r"\.[a-zA-Z0-9]+$")
_EXTENSIONS = {"json": "json", "props": "properties"}


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How results are written."""

    format: str
    options: Options
    separators: bool = True
    nul: bool = False
    colours: bool = False
    pretty: bool = False
    #: The text becomes a file: an alias that lost its anchor has the value there, where yq leaves a text that is none.
    to_file: bool = False


class Printer:
    """Writes the results one after the other, in the order in which they come."""

    def __init__(self, look: Look, write: Callable[[str], object]) -> None:
        self._look = look
        self._write = write
        self._previous: tuple[int, int] | None = None
        #: Something other than null and false was written.
        self.found = False

    def add(self, results: Sequence[Candidate]) -> None:
        """Write what one evaluation gave."""
        for result in results:
            self._write(self._one(result))

    def _one(self, result: Candidate) -> str:
        node = result.node
        place = (result.origin.index, result.origin.file_index) if result.origin else (0, 0)
        if self._previous is None:
            self._previous = place
        apart = self._previous != place
        # As in yq, the file that came first stays the one that others are told apart from.
        self._previous = (place[0], self._previous[1])
        if node.full_tag != "!!null" and not (node.full_tag == "!!bool" and node.resolved.value == "false"):
            self.found = True
        document = document_of(result)
        if self._look.pretty:
            looks.pretty(document)
        if self._look.to_file and document.root is not None:
            anchors.settle(document.root)
        looks.settle(document)
        if self._look.format != "yaml" or not self._look.separators or place[0] > 0:
            document = _unmarked(document)
        text = encode_one(document, self._look.format, self._look.options)
        text = self._ended(self._coloured(text, node))
        separated = apart and self._look.format == "yaml" and self._look.separators and not document.marked
        return ("---\n" if separated else "") + text

    def _ended(self, text: str) -> str:
        if not self._look.nul:
            return text
        text = text.removesuffix("\n").removesuffix("\r")
        if "\0" in text:
            raise UserError("a value has a NUL in it, so that NUL cannot end the results")
        return text + "\0"

    def _coloured(self, text: str, node: Node) -> str:
        if not self._look.colours or (node.kind is Kind.SCALAR and self._look.options.unwrap is not False):
            return text
        if self._look.format == "json":
            from limavm.cli.colour import coloured as json_coloured

            return json_coloured(text)
        if self._look.format == "yaml":
            from limavm.cli.yamlcolour import coloured as yaml_coloured

            return yaml_coloured(text)
        return text


def document_of(result: Candidate) -> Document:
    """The document of a result: that of its origin, with its comments, when the result is the whole of it."""
    origin = result.origin
    if origin is not None and result.whole:
        return msgspec.structs.replace(origin.document, root=result.node)
    return Document(root=result.node)


def _unmarked(document: Document) -> Document:
    """Without `---`; the comments above that stay."""
    head = "\n".join(part for part in (document.preamble, document.head_comment) if part)
    return msgspec.structs.replace(document, marked=False, preamble="", head_comment=head)


class Splitter:
    """Writes each result into a file whose name an expression tells."""

    def __init__(self, look: Look, name: Callable[[Candidate, int], str]) -> None:
        self._look = look
        self._name = name
        self._index = 0
        self.found = False

    def add(self, results: Sequence[Candidate]) -> None:
        """Write what one evaluation gave; directories are made."""
        for result in results:
            name = self._name(result, self._index)
            if not _EXTENSION.search(name):
                name = f"{name}.{_EXTENSIONS.get(self._look.format, 'yml')}"
            parts: list[str] = []
            printer = Printer(self._look, parts.append)
            printer.add([result])
            self.found = self.found or printer.found
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            with open(name, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write("".join(parts))
            self._index += 1
