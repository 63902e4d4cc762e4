"""List entries with the same key combined into one (spec/config.md 3.4), after all bases are merged.

The first entry with a key keeps its fields, and takes those that it lacks from the later ones, which go. An
entry with the key `*` gives to all entries before it. Keys are compared as they are written.
"""

from collections.abc import Callable
from typing import NamedTuple

from limavm.config.treevalue import size_of, text_of, unset, wrong
from limavm.config.yamltext import MAX_BYTES
from limavm.roundtrip.nodes import Kind, Node, Style, mapping, text

ANY = "*"
#: The keys that lead to a field of an entry.
Field = tuple[str, ...]


class _List(NamedTuple):
    """How the entries of one list are combined."""

    key: Callable[[Node], str]
    #: Fields that are filled together: only when the entry has none of them.
    groups: tuple[tuple[Field, ...], ...]
    #: An empty text or list is as good as no value.
    empty_is_unset: bool = False


def _disk_key(entry: Node) -> str:
    return _field_text(entry, "name") if entry.kind is Kind.MAPPING else text_of(entry) or ""


def _mount_key(entry: Node) -> str:
    point = entry.get("mountPoint")
    return _field_text(entry, "location" if unset(point) else "mountPoint")


def _network_key(entry: Node) -> str:
    return _field_text(entry, "interface")


def _field_text(entry: Node, name: str) -> str:
    return text_of(entry.get(name)) or ""


_LISTS = {
    "additionalDisks": _List(_disk_key, ((("format",),), (("fsType",),), (("fsArgs",),))),
    "mounts": _List(
        _mount_key,
        (
            (("mountPoint",),),
            (("writable",),),
            *((("sshfs", name),) for name in ("cache", "followSymlinks", "sftpDriver")),
            *((("9p", name),) for name in ("securityModel", "protocolVersion", "msize", "cache")),
            (("virtiofs", "queueSize"),),
        ),
    ),
    "networks": _List(
        _network_key,
        ((("lima",), ("socket",)), (("macAddress",),), (("vzNAT",),), (("metric",),)),
        empty_is_unset=True,
    ),
}


def combine(root: Node) -> bool:
    """Combine the entries of the lists of a configuration, a mapping without aliases; whether any were.

    Raises ConfigError when a wildcard makes too much of it.
    """
    changed = False
    for name, rules in _LISTS.items():
        entries = root.get(name)
        if entries is not None and entries.kind is Kind.SEQUENCE:
            kept = _Combiner(rules).combined(entries.items)
            changed = changed or len(kept) < len(entries.items)
            entries.items = kept
    return changed


class _Combiner:
    def __init__(self, rules: _List) -> None:
        self.rules = rules
        self.kept: list[Node] = []
        #: Entries before this position have the group already, from an earlier wildcard.
        self.filled: dict[int, int] = {}
        self.copied = 0

    def combined(self, entries: list[Node]) -> list[Node]:
        positions: dict[str, int] = {}
        for entry in entries:
            key = self.rules.key(entry)
            if key == ANY:
                self.give_to_all(entry)
            elif key and key in positions:
                self.give(entry, positions[key])
            else:
                if key:
                    positions[key] = len(self.kept)
                self.kept.append(entry)
        return self.kept

    def give_to_all(self, entry: Node) -> None:
        for number, group in enumerate(self.rules.groups):
            # The mount point of a wildcard is its key, not a value (Q2).
            if group != (("mountPoint",),) and any(self.has(entry, field) for field in group):
                for position in range(self.filled.get(number, 0), len(self.kept)):
                    self.fill(position, entry, group)
                self.filled[number] = len(self.kept)

    def give(self, entry: Node, position: int) -> None:
        for group in self.rules.groups:
            self.fill(position, entry, group)
        target = self.kept[position]
        _take_comments(target, entry)
        for name in ("sshfs", "9p", "virtiofs"):
            own, other = target.find(name), entry.find(name)
            if own and other:
                _take_comments(own[0], other[0])

    def fill(self, position: int, entry: Node, group: tuple[Field, ...]) -> None:
        """Copy the fields of a group, unless the entry at `position` has one of them."""
        if any(self.has(self.kept[position], field) for field in group):
            return
        for field in group:
            if self.has(entry, field):
                if self.kept[position].kind is Kind.SCALAR:
                    self.kept[position] = _as_mapping(self.kept[position])
                self.copied += _copy(self.kept[position], entry, field)
                if self.copied > MAX_BYTES:
                    raise wrong(
                        f"gives more than {MAX_BYTES >> 20} MiB to the entries before it", entry, ".".join(field)
                    )

    def has(self, entry: Node, field: Field) -> bool:
        node: Node | None = entry
        for name in field:
            node = node.get(name) if node is not None else None
        if node is None or node.is_null:
            return False
        if node.kind is Kind.SEQUENCE:
            return bool(node.items)
        return not (self.rules.empty_is_unset and node.kind is Kind.SCALAR and not node.value)


def _as_mapping(disk: Node) -> Node:
    """A disk that is only named, as a mapping with its name."""
    name = disk.copy()
    name.head_comment = name.foot_comment = ""
    name.blank_before = 0
    entry = mapping([(text("name"), name)])
    entry.head_comment, entry.foot_comment, entry.blank_before = disk.head_comment, disk.foot_comment, disk.blank_before
    entry.source, entry.line, entry.column = disk.source, disk.line, disk.column
    return entry


def _copy(target: Node, entry: Node, field: Field) -> int:
    """Give `target` a copy of a field of `entry`, with its comments; the size of the copy."""
    *parents, name = field
    for parent in parents:
        found = entry.find(parent)
        assert found is not None
        if unset(target.get(parent)):
            _set(target, (found[0].copy(), mapping(style=found[1].style)))
        child, other = target.get(parent), entry.get(parent)
        assert child is not None
        assert other is not None
        target, entry = child, other
    found = entry.find(name)
    assert found is not None
    _set(target, (found[0].copy(), found[1].copy()))
    return size_of(found[0]) + size_of(found[1])


def _set(node: Node, pair: tuple[Node, Node]) -> None:
    """Add a pair to a mapping, or put it in the place of the one with its key."""
    if node.style is Style.FLOW and pair[1].kind is not Kind.SCALAR and pair[1].style is not Style.FLOW:
        node.style = Style.NONE
    position = next((index for index, (key, _) in enumerate(node.pairs) if key.value == pair[0].value), None)
    if position is None:
        node.pairs.append(pair)
    else:
        node.pairs[position] = pair


def _take_comments(node: Node, other: Node) -> None:
    node.head_comment = node.head_comment or other.head_comment
    if node.kind is other.kind:
        node.line_comment = node.line_comment or other.line_comment
    node.foot_comment = node.foot_comment or other.foot_comment
