"""The tree of a YAML text: nodes that know their lines, and ways to find one."""

from limavm.config.errors import Path

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class Scalar:
    """A text; `plain` unless it was quoted, a block, or tagged as a string."""

    __slots__ = ("line", "plain", "tag", "value")

    def __init__(self, value: str, line: int, plain: bool, tag: str = "") -> None:
        self.value = value
        self.line = line
        self.plain = plain
        self.tag = tag

    @property
    def null(self) -> bool:
        """Whether it stands for no value at all."""
        return self.plain and self.value in _NULLS


class Sequence:
    """A list."""

    __slots__ = ("items", "line")

    def __init__(self, line: int) -> None:
        self.line = line
        self.items: list[Node] = []


class Mapping:
    """Keys with their nodes, in the order of the text; merge keys are gone."""

    __slots__ = ("entries", "line")

    def __init__(self, line: int) -> None:
        self.line = line
        self.entries: dict[str, tuple[Scalar, Node]] = {}


Node = Scalar | Sequence | Mapping


def _child(node: Node | None, part: str | int) -> tuple[int, Node] | None:
    """One step down the tree: the line of the key or entry, and its node."""
    match node:
        case Mapping() if part in node.entries:
            key, value = node.entries[str(part)]
            return key.line, value
        case Sequence() if isinstance(part, int) and part < len(node.items):
            return node.items[part].line, node.items[part]
        case _:
            return None


def line_of(root: Node | None, path: Path) -> int:
    """The line of the value at `path`, or of the nearest one above it; 0 when there is none."""
    line = 0
    node = root
    for part in path:
        step = _child(node, part)
        if step is None:
            break
        line, node = step
    return line


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
