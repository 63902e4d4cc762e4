"""The tree of a YAML text: nodes that know the file and the line they came from, and ways to find one."""

from limavm.config.errors import Path
from limavm.roundtrip.scalars import NULLS


class Scalar:
    """A text; `plain` unless it was quoted, a block, or tagged as a string."""

    __slots__ = ("line", "plain", "source", "tag", "value")

    def __init__(self, value: str, line: int, plain: bool, tag: str = "", source: str = "") -> None:
        self.value = value
        self.line = line
        self.source = source
        self.plain = plain
        self.tag = tag

    @property
    def null(self) -> bool:
        """Whether it stands for no value at all."""
        return self.plain and self.value in NULLS


class Sequence:
    """A list."""

    __slots__ = ("items", "line", "source")

    def __init__(self, line: int, source: str = "") -> None:
        self.line = line
        self.source = source
        self.items: list[Node] = []


class Mapping:
    """Keys with their nodes, in the order of the text; merge keys are gone."""

    __slots__ = ("entries", "line", "source")

    def __init__(self, line: int, source: str = "") -> None:
        self.line = line
        self.source = source
        self.entries: dict[str, tuple[Scalar, Node]] = {}


Node = Scalar | Sequence | Mapping


def _child(node: Node | None, part: str | int) -> tuple[Node, Node] | None:
    """One step down the tree: the key, or the entry itself, and its node."""
    match node:
        case Mapping() if part in node.entries:
            return node.entries[str(part)]
        case Sequence() if isinstance(part, int) and part < len(node.items):
            return node.items[part], node.items[part]
        case _:
            return None


def place_of(root: Node | None, path: Path) -> tuple[str, int]:
    """The file and the line of the value at `path`, or of the nearest one above it; "" and 0 when there is none."""
    place = ("", 0)
    node = root
    for part in path:
        step = _child(node, part)
        if step is None:
            break
        at, node = step
        place = (at.source, at.line)
    return place


def line_of(root: Node | None, path: Path) -> int:
    """The line of `place_of`."""
    return place_of(root, path)[1]


def node_at(root: Node | None, path: Path) -> Node | None:
    """What the document has at `path`, None when that is nothing."""
    node = root
    for part in path:
        step = _child(node, part)
        if step is None:
            return None
        node = step[1]
    return node


def holds(root: Node | None, path: Path) -> bool:
    """Whether the document says something, other than null, at `path`."""
    node = node_at(root, path)
    return not (node is None or (isinstance(node, Scalar) and node.null))


def length_of(root: Node | None, path: Path) -> int:
    """The number of entries of the list at `path`, 0 when there is no list."""
    node = node_at(root, path)
    return len(node.items) if isinstance(node, Sequence) else 0
