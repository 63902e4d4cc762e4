"""YAML text to documents, with their comments.

The tree is built from libyaml's events without recursion: the composer that comes with PyYAML descends
on the C stack, so that a few hundred kilobytes of `- - - -` end the process. Aliases refer to their
anchors and are not expanded, so that time and memory are bounded by the size of the text.
"""

from yaml._yaml import CParser, Mark
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

from limavm.roundtrip.comments import Attacher
from limavm.roundtrip.decoding import MAX_BYTES, decoded, malformed, unreadable
from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.frames import Frame, Role
from limavm.roundtrip.nodes import Document, Kind, Node, Style

MAX_DEPTH = 100
MAX_NODES = 200_000

_TAG = "tag:yaml.org,2002:"
_STYLES = {"'": Style.SINGLE, '"': Style.DOUBLE, "|": Style.LITERAL, ">": Style.FOLDED}


def read(
    text: bytes,
    source: str,
    *,
    comments: bool = True,
    duplicates: bool = False,
    max_bytes: int = MAX_BYTES,
) -> list[Document]:
    """All documents of `text`, at least one, which has no root when the text has no value.

    Raises YamlError, with the line, for a text that is not UTF-8 or not YAML, that is longer than
    `max_bytes`, that nests deeper than `MAX_DEPTH` or has more than `MAX_NODES` values, and for a key that a
    mapping has twice unless `duplicates` are allowed. Without `comments` those are left out.
    """
    characters = decoded(text, source, max_bytes)
    composer = _Composer(source, Attacher(characters) if comments else None, duplicates=duplicates)
    parser = CParser(characters)
    try:
        while event := parser.get_event():
            composer.take(event)
    except MarkedYAMLError as error:
        raise malformed(error, text, source) from error
    except ReaderError as error:
        raise unreadable(error, text, source) from error
    finally:
        parser.dispose()
    return composer.result()


class _Composer:
    """Builds the trees; `frames` holds the open collections."""

    def __init__(self, source: str, attacher: Attacher | None, *, duplicates: bool) -> None:
        self.source = source
        self.attacher = attacher
        self.duplicates = duplicates
        self.documents: list[Document] = []
        self.frames: list[Frame] = []
        self.anchors: dict[str, Node] = {}
        self.nodes = 0
        self.problems: list[YamlError] = []

    def result(self) -> list[Document]:
        if self.problems:
            first, *further = self.problems
            first.further = tuple(further)
            raise first
        if not self.documents:
            self.documents.append(Document(source=self.source))
        if self.attacher is not None:
            self.attacher.end(self.documents)
        return self.documents

    def take(self, event: Event) -> None:
        match event:
            case ScalarEvent():
                self.leaf(self.scalar(event), event)
            case MappingStartEvent() | SequenceStartEvent():
                self.open(event)
            case MappingEndEvent() | SequenceEndEvent():
                self.close(event)
            case AliasEvent():
                self.leaf(self.alias(event), event)
            case DocumentStartEvent():
                self.begin(event)
            case DocumentEndEvent():
                if self.attacher is not None:
                    self.attacher.finish(self.documents[-1], _mark(event.start_mark), _mark(event.end_mark))
            case _:  # the marks of the stream
                pass

    def begin(self, event: DocumentStartEvent) -> None:
        previous = self.documents[-1] if self.documents else None
        document = Document(marked=bool(event.explicit), source=self.source)
        self.documents.append(document)
        self.anchors = {}
        if self.attacher is not None:
            self.attacher.begin(document, previous, _mark(event.end_mark))
        document.marked = document.marked or previous is not None

    def scalar(self, event: ScalarEvent) -> Node:
        return self.node(Kind.SCALAR, event, value=event.value, style=_STYLES.get(event.style or "", Style.NONE))

    def alias(self, event: AliasEvent) -> Node:
        name = event.anchor or ""
        node = self.node(Kind.ALIAS, event, value=name)
        target = self.anchors.get(name)
        if target is None:
            self.fail(f"the alias *{name} names no anchor above it", node.line)
        if any(target is frame.node for frame in self.frames):
            self.fail(f"the alias *{name} stands inside of what it names", node.line)
        node.target = target
        return node

    def node(
        self,
        kind: Kind,
        event: ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent,
        *,
        value: str = "",
        style: Style = Style.NONE,
    ) -> Node:
        mark = _mark(event.start_mark)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.fail(f"the text has more than {MAX_NODES} values", mark.line + 1)
        line, column = mark.line + 1, mark.column + 1
        if isinstance(event, AliasEvent):
            return Node(kind=kind, value=value, source=self.source, line=line, column=column)
        return Node(
            kind=kind,
            value=value,
            tag=_short(event.tag),
            style=style,
            anchor=event.anchor or "",
            source=self.source,
            line=line,
            column=column,
        )

    def fail(self, message: str, line: int) -> None:
        raise YamlError(message, source=self.source, line=line, further=self.problems)

    def leaf(self, node: Node, event: ScalarEvent | AliasEvent) -> None:
        start, end = _mark(event.start_mark), _mark(event.end_mark)
        frame = self.frames[-1] if self.frames else None
        if self.attacher is not None:
            self.attacher.reach(node, self.role(frame), frame, start, end)
        self.enter(node, frame)
        if self.attacher is not None:
            self.attacher.passed(node, start, end)

    def open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        flow = bool(event.flow_style)
        kind = Kind.MAPPING if isinstance(event, MappingStartEvent) else Kind.SEQUENCE
        node = self.node(kind, event, style=Style.FLOW if flow else Style.NONE)
        if len(self.frames) >= MAX_DEPTH:
            self.fail(f"lists and mappings nest deeper than {MAX_DEPTH} levels", node.line)
        frame = self.frames[-1] if self.frames else None
        role = self.role(frame)
        key = frame.pending if frame is not None else None
        count = 0
        if self.attacher is not None:
            self.attacher.reach(node, role, frame, _mark(event.start_mark), _mark(event.end_mark))
            count = self.attacher.gaps.count
        self.enter(node, frame)
        self.frames.append(Frame(node, role, flow=flow, key=key, count=count))

    def close(self, event: Event) -> None:
        frame = self.frames.pop()
        if self.attacher is not None:
            self.attacher.close(frame, _mark(event.start_mark), _mark(event.end_mark))

    def role(self, frame: Frame | None) -> Role:
        if frame is None:
            return Role.ROOT
        if frame.node.kind is Kind.SEQUENCE:
            return Role.ITEM
        return Role.KEY if frame.pending is None else Role.VALUE

    def enter(self, node: Node, frame: Frame | None) -> None:
        """Put a node where the text has it."""
        if node.anchor:
            self.anchors[node.anchor] = node
        if frame is None:
            document = self.documents[-1]
            nothing = node.kind is Kind.SCALAR and not (node.value or node.tag or node.anchor or node.style)
            document.root = None if nothing else node
        elif frame.node.kind is Kind.SEQUENCE:
            frame.node.items.append(node)
        elif frame.pending is None:
            frame.pending = node
            self.unique(node, frame)
        else:
            frame.node.pairs.append((frame.pending, node))
            frame.pending = None

    def unique(self, key: Node, frame: Frame) -> None:
        named = key.resolved
        if self.duplicates or named.kind is not Kind.SCALAR or named.is_merge:
            return
        if named.value not in frame.seen:
            frame.seen[named.value] = key.line
        else:
            message = f"this key is already defined in line {frame.seen[named.value]}"
            self.problems.append(YamlError(message, source=self.source, line=key.line, key=named.value))


def _mark(mark: object) -> Mark:
    assert isinstance(mark, Mark)  # libyaml gives every event its marks
    return mark


def _short(tag: str | None) -> str:
    if tag is None:
        return ""
    name = tag.removeprefix(_TAG)
    # The prefix alone has no short form.
    return f"!!{name}" if name and name != tag else tag
