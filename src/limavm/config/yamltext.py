"""A YAML document as the decoder wants it: anchors, aliases and merge keys are resolved, comments are gone.

The text is read by `roundtrip`, which bounds time and memory. Scalars stay text here, since their type is
that of the key they are given for (spec/config.md 1.2). Only the first document counts; the rest must be
well-formed. Every node keeps the text and the line that it came from, which base templates make different
ones within one document.
"""

from limavm.config.errors import ConfigError, Problem, dotted
from limavm.config.yamlnodes import Mapping, Node, Scalar, Sequence
from limavm.roundtrip import nodes
from limavm.roundtrip.decoding import MAX_BYTES
from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.read import read

__all__ = ["MAX_BYTES", "compose", "lowered", "parsed", "scalar"]

#: Merge keys may make more of a text than it has nodes.
MAX_ENTRIES = 200_000

_TYPED = frozenset({"!!int", "!!float", "!!bool", "!!null"})


def compose(text: bytes, source: str) -> Node | None:
    """The first document of `text`, None when there is none (empty, or comments only).

    Raises ConfigError, with the line, for text that is not YAML, has a key twice, nests too deep, or is
    too large.
    """
    return lowered(parsed(text, source, comments=False))


def parsed(text: bytes, source: str, *, comments: bool = True) -> nodes.Document:
    """The first document of `text` as it was written. Raises ConfigError as `compose` does."""
    try:
        return read(text, source, comments=comments)[0]
    except YamlError as error:
        raise ConfigError([_problem(found) for found in (error, *error.further)]) from error


def _problem(error: YamlError) -> Problem:
    return Problem(message=error.message, source=error.source, line=error.line, key=error.key)


def lowered(document: nodes.Document) -> Node | None:
    """The document without anchors, aliases and merge keys.

    Raises ConfigError for keys that are no scalars, and for what cannot be merged.
    """
    if document.root is None:
        return None
    lowering = _Lowering(document.source)
    root = lowering.node(document.root)
    if lowering.problems:
        raise ConfigError(lowering.problems)
    return root


def scalar(node: nodes.Node, source: str = "") -> Scalar:
    """A scalar as the decoder wants it: plain when its own text, or its tag, says what type it has."""
    plain = node.tag in _TYPED if node.tag else node.style is nodes.Style.NONE
    return Scalar(node.value, node.line, plain, node.tag.removeprefix("!!"), source)


class _Lowering:
    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.entries = 0
        #: What aliases refer to is lowered once, and shared.
        self.done: dict[int, Node] = {}

    def node(self, node: nodes.Node) -> Node:
        node = node.resolved
        if (done := self.done.get(id(node))) is not None:
            return done
        source = node.source or self.source
        match node.kind:
            case nodes.Kind.MAPPING:
                lowered: Node = self.mapping(node, source)
            case nodes.Kind.SEQUENCE:
                lowered = Sequence(node.line, source)
                lowered.items.extend(map(self.node, node.items))
            case _:  # a scalar: no alias is left once it is resolved
                lowered = scalar(node, source)
        self.done[id(node)] = lowered
        return lowered

    def mapping(self, node: nodes.Node, source: str) -> Mapping:
        mapping = Mapping(node.line, source)
        merged: list[tuple[Scalar, Node]] = []
        for key_node, value_node in node.pairs:
            key, value = self.node(key_node), self.node(value_node)
            if not isinstance(key, Scalar):
                self.problem("a key cannot be a list or a mapping", key)
            elif key.value == "<<" and (key.plain or key.tag == "merge"):
                merged.append((key, value))
            else:
                mapping.entries[key.value] = (key, value)
        for key, value in merged:
            self.merge(mapping, key, value)
        return mapping

    def merge(self, mapping: Mapping, key: Scalar, merged: Node) -> None:
        """Add what `<<` brings; keys that are there already, and earlier mappings, win."""
        for part in merged.items if isinstance(merged, Sequence) else [merged]:
            if not isinstance(part, Mapping):
                self.problem("only a mapping, or a list of mappings, can be merged", key, dotted(("<<",)))
                continue
            self.entries += len(part.entries)
            if self.entries > MAX_ENTRIES:
                self.problem(f"merge keys make more than {MAX_ENTRIES} values of this text", key)
                raise ConfigError(self.problems)
            for name, entry in part.entries.items():
                mapping.entries.setdefault(name, entry)

    def problem(self, message: str, node: Node, key: str = "") -> None:
        self.problems.append(Problem(message=message, source=node.source, line=node.line, key=key))
