"""What an expression is evaluated on: nodes and where they were found, variables, and what of the world it may see."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from limavm.roundtrip.nodes import Document, Kind, Node
from limavm.yq.scalars import scalar


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What lies outside of the documents. None disables the operators that need it."""

    environ: Mapping[str, str] | None = None
    #: The bytes of a file; raises UserError.
    load: Callable[[str], bytes] | None = None
    #: Seconds since 1970, for `now`.
    clock: Callable[[], float] | None = None


#: Nothing at all: for expressions that come with a template or from a command's flag.
CLOSED = World()


class Origin(msgspec.Struct, eq=False, kw_only=True):
    """The document that a tree of candidates began with."""

    document: Document
    #: Of the document in its file, and of the file; both from 0.
    index: int = 0
    file_index: int = 0


class Candidate(msgspec.Struct, eq=False, kw_only=True):
    """A node and the place where it was found. Several candidates may be of the same node."""

    node: Node
    parent: "Candidate | None" = None
    #: The key of a value in a mapping, a number for an entry of a sequence; None for a root and for a key itself.
    key: Node | None = None
    #: The node is a key of the parent.
    is_key: bool = False
    origin: Origin | None = None
    #: One input together with the other candidates, as for `eval-all`: `[.[]]` makes one list of all documents.
    together: bool = False
    #: It is its document, or became of it as a whole: the comments of the document stay with it.
    whole: bool = False

    def replaced(self, node: Node) -> "Candidate":
        """Another node as if it stood in the same place: results keep path, parent and document of their input."""
        whole = self.whole and node.kind is not Kind.SCALAR
        return msgspec.structs.replace(self.result(node), whole=whole)

    def result(self, node: Node) -> "Candidate":
        """Something else that was made of this one; it keeps path, parent and number of the document."""
        return Candidate(node=node, parent=self.parent, key=self.node if self.is_key else self.key, origin=self.origin)

    def text(self, value: str) -> "Candidate":
        """A text in the same place."""
        return self.replaced(scalar(value, "!!str"))

    def boolean(self, value: bool) -> "Candidate":
        """`true` or `false` in the same place."""
        return self.replaced(scalar("true" if value else "false", "!!bool"))

    def integer(self, value: int) -> "Candidate":
        """A number in the same place."""
        return self.replaced(scalar(str(value), "!!int"))

    def null(self) -> "Candidate":
        """A null in the same place."""
        return self.replaced(scalar("null", "!!null"))

    def child(self, node: Node, key: Node) -> "Candidate":
        """The value of a key."""
        return Candidate(node=node, parent=self, key=key, origin=self.origin)

    def child_key(self, key: Node) -> "Candidate":
        """A key of this mapping, itself."""
        return Candidate(node=key, parent=self, is_key=True, origin=self.origin)

    def entry(self, node: Node, index: int) -> "Candidate":
        """An entry of a sequence."""
        return Candidate(node=node, parent=self, key=scalar(str(index), "!!int"), origin=self.origin)

    def children(self) -> "Iterator[Candidate]":
        """The values of a mapping, the entries of a sequence."""
        if self.node.kind is Kind.MAPPING:
            for key, value in self.node.pairs:
                yield self.child(value, key)
        else:
            for index, item in enumerate(self.node.items):
                yield self.entry(item, index)

    @property
    def path(self) -> list[str | int]:
        """The keys and numbers that lead here from the root."""
        steps: list[str | int] = []
        candidate: Candidate | None = self
        while candidate is not None:
            if candidate.is_key:
                steps.append(candidate.node.value)
            elif candidate.key is not None:
                steps.append(_step(candidate.key))
            candidate = candidate.parent
        return steps[::-1]


def _step(key: Node) -> str | int:
    if key.full_tag == "!!int":
        try:
            return int(key.value)
        except ValueError:
            return key.value
    return key.value


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The candidates that an operator is given, and what is known while it works on them."""

    candidates: list[Candidate]
    variables: Mapping[str, list[Candidate]] = {}
    #: A path that does not exist is not created but left out of the results.
    read_only: bool = False
    #: The layout that `with_dtf` sets; empty is RFC 3339.
    date_layout: str = ""

    def on(self, candidates: list[Candidate]) -> "Context":
        """The same with other candidates."""
        return msgspec.structs.replace(self, candidates=candidates)

    def inputs(self) -> "list[Context]":
        """The context once for each candidate; itself when all are one input, or when there is none."""
        if all(candidate.together for candidate in self.candidates):
            return [self]
        return [self.one(candidate) for candidate in self.candidates]

    def one(self, candidate: Candidate) -> "Context":
        """The same with one candidate."""
        return msgspec.structs.replace(self, candidates=[candidate])

    def reading(self) -> "Context":
        """The same, creating nothing on the way."""
        return msgspec.structs.replace(self, read_only=True)

    def writing(self) -> "Context":
        """The same, creating what is missing on the way."""
        return msgspec.structs.replace(self, read_only=False)

    def setting(self, name: str, candidates: list[Candidate]) -> "Context":
        """The same with a variable."""
        return msgspec.structs.replace(self, variables={**self.variables, name: candidates})
