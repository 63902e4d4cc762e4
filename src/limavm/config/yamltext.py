"""YAML text to a tree of nodes that know their lines; what the values mean is decided in `decode`.

The tree is built from libyaml's events without recursion: the composer that comes with PyYAML descends
on the C stack, so that a few hundred kilobytes of `- - - -` end the process. Scalars stay text here, since
their type is that of the key they are given for (spec/config.md 1.2). Anchors, aliases and merge keys
are resolved, duplicate keys refused. Only the first document counts; the rest must be well-formed.
"""

from collections.abc import Iterable, Iterator

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

from limavm.config.errors import ConfigError, Problem, dotted
from limavm.config.yamlnodes import Mapping, Node, Scalar, Sequence

#: Lima cuts texts here without a word (spec/config.md 3.1, Q11); we refuse them.
MAX_BYTES = 4 << 20
MAX_DEPTH = 100
MAX_NODES = 200_000

_TAG = "tag:yaml.org,2002:"


def compose(text: bytes, source: str) -> Node | None:
    """The first document of `text`, None when there is none (empty, or comments only).

    Raises ConfigError, with the line, for text that is not YAML, has a key twice, nests deeper than
    `MAX_DEPTH`, or is too large. Time and memory are bounded by the size of the text.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError([Problem(message=f"the text is larger than {MAX_BYTES >> 20} MiB", source=source)])
    parser = CParser(_decoded(text, source))
    try:
        return _Composer(source, _events(parser)).document()
    except MarkedYAMLError as error:
        raise ConfigError([_marked(error, source)]) from error
    except ReaderError as error:
        raise ConfigError([_unreadable(error, text, source)]) from error
    finally:
        parser.dispose()


def _decoded(text: bytes, source: str) -> str:
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        problem = Problem(message="the text is not UTF-8", source=source, line=line)
        raise ConfigError([problem]) from error
    if "\0" in decoded:
        line = decoded.count("\n", 0, decoded.index("\0")) + 1
        raise ConfigError([Problem(message="the text contains a NUL character", source=source, line=line)])
    return decoded


def _unreadable(error: ReaderError, text: bytes, source: str) -> Problem:
    character = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "\0")
    message = f"the character U+{character:04X} is not allowed; write it as an escape in double quotes"
    return Problem(message=message, source=source, line=text.count(b"\n", 0, error.position) + 1)


def _marked(error: MarkedYAMLError, source: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    message = f"this is not YAML: {error.problem or error.context}"
    if error.context and error.problem:
        message += f" ({error.context})"
    if "character that cannot start any token" in message:
        message += "; tabs cannot indent, and `@`, `%` and backquotes need quotes at the start of a value"
    return Problem(message=message, source=source, line=mark.line + 1 if mark else 0)


def _events(parser: CParser) -> Iterator[Event]:
    while event := parser.get_event():
        yield event


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


class _Composer:
    """Builds the tree; `stack` holds the open collections, `keys` the pending key of each mapping."""

    def __init__(self, source: str, events: Iterable[Event]) -> None:
        self.source = source
        self.events = events
        self.root: Node | None = None
        self.stack: list[Sequence | Mapping] = []
        self.keys: list[Scalar | None] = []
        self.merges: list[list[tuple[int, Node]]] = []
        self.anchors: dict[str, Node] = {}
        self.nodes = 0
        self.problems: list[Problem] = []

    def document(self) -> Node | None:
        finished = False
        for event in self.events:
            if not finished:
                finished = isinstance(event, DocumentEndEvent)
                self.take(event)
            self.count(_line(event))
        if self.problems:
            raise ConfigError(self.problems)
        return self.root

    def take(self, event: Event) -> None:
        match event:
            case ScalarEvent():
                self.place(self.scalar(event), event.anchor)
            case MappingStartEvent() | SequenceStartEvent():
                self.open(event)
            case MappingEndEvent() | SequenceEndEvent():
                self.close()
            case AliasEvent():
                self.alias(event)
            case _:  # the marks of the stream and the document
                pass

    def count(self, line: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.fail(f"the text has more than {MAX_NODES} values", line)

    def fail(self, message: str, line: int) -> None:
        raise ConfigError([*self.problems, Problem(message=message, source=self.source, line=line)])

    def scalar(self, event: ScalarEvent) -> Scalar:
        tag = (event.tag or "").removeprefix(_TAG)
        plain = event.implicit[0] if not tag or tag == "!" else tag in {"int", "float", "bool", "null"}
        return Scalar(event.value, _line(event), plain, tag)

    def open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        line = _line(event)
        if len(self.stack) >= MAX_DEPTH:
            self.fail(f"lists and mappings nest deeper than {MAX_DEPTH} levels", line)
        node = Mapping(line) if isinstance(event, MappingStartEvent) else Sequence(line)
        self.place(node, event.anchor)
        self.stack.append(node)
        self.keys.append(None)
        self.merges.append([])

    def close(self) -> None:
        node = self.stack.pop()
        self.keys.pop()
        merges = self.merges.pop()
        if isinstance(node, Mapping):
            for line, merged in merges:
                self.merge(node, merged, line)

    def alias(self, event: AliasEvent) -> None:
        line = _line(event)
        name = event.anchor or ""
        if name not in self.anchors:
            self.fail(f"the alias *{name} names no anchor above it", line)
        target = self.anchors[name]
        if any(target is node for node in self.stack):
            self.fail(f"the alias *{name} stands inside of what it names", line)
        self.place(target, None)

    def place(self, node: Node, anchor: str | None) -> None:
        """Put a node where the text has it: as the document, a list entry, a key or the value of one."""
        if anchor:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif (key := self.keys[-1]) is None:
            self.keys[-1] = self.key(node)
        else:
            self.keys[-1] = None
            self.enter(parent, key, node)

    def key(self, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            self.fail("a key cannot be a list or a mapping", node.line)
        assert isinstance(node, Scalar)
        return node

    def enter(self, mapping: Mapping, key: Scalar, value: Node) -> None:
        if key.value == "<<" and (key.plain or key.tag == "merge"):
            self.merges[-1].append((key.line, value))
        elif key.value in mapping.entries:
            first = mapping.entries[key.value][0].line
            message = f"this key is already defined in line {first}"
            self.problems.append(Problem(message=message, source=self.source, line=key.line, key=key.value))
        else:
            mapping.entries[key.value] = (key, value)

    def merge(self, mapping: Mapping, merged: Node, line: int) -> None:
        """Add what `<<` brings; keys that are there already, and earlier mappings, win."""
        for part in merged.items if isinstance(merged, Sequence) else [merged]:
            if not isinstance(part, Mapping):
                message = "only a mapping, or a list of mappings, can be merged"
                self.problems.append(Problem(message=message, source=self.source, line=line, key=dotted(("<<",))))
                continue
            for name, entry in part.entries.items():
                self.count(line)
                mapping.entries.setdefault(name, entry)
