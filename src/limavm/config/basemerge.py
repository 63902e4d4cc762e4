"""One base template merged into a template (spec/config.md 3.2 and 3.3), tree into tree.

The template wins; what it does not say comes from the base with its comments, and lists are joined. Lists
inside of list entries are the entry's own (Q1). A null of the template blocks what a base says (Q5), and
whatever a base has in the place of a mapping of the template is ignored (Q15).
"""

import re

from limavm.config.treevalue import text_of, wrong
from limavm.model.version import parse_version
from limavm.roundtrip.nodes import Kind, Node, Style

Path = tuple[str, ...]

#: Scripts of a base run before those of the template.
_BASE_FIRST = frozenset(("provision", "probes"))
_SEMVER = re.compile(r"v?([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


def merge(template: Node, base: Node) -> None:
    """Add what `base` says to `template`; both are mappings without aliases, and `base` is used up.

    Raises ConfigError for versions that cannot be compared.
    """
    own = len(template.pairs)
    parted = any([key.blank_before for key, _ in template.pairs if key.value != "base"][1:])
    _merge_mappings(template, base, ())
    if parted and len(template.pairs) > own:
        # The template sets its parts off by blank lines, and this is another one.
        template.pairs[own][0].blank_before = max(1, template.pairs[own][0].blank_before)
    supported = template.get("mountTypesUnsupported")
    if supported is not None and supported.kind is Kind.SEQUENCE:
        supported.items = _unique(supported.items)


def _unique(items: list[Node]) -> list[Node]:
    """The items without those whose text another one before them has."""
    found: dict[object, Node] = {}
    for item in items:
        found.setdefault(text_of(item) or id(item), item)
    return list(found.values())


def _merge_mappings(template: Node, base: Node, path: Path) -> None:
    own = {key.value: (key, value) for key, value in template.pairs}
    _take_style(template, base)
    for key, value in base.pairs:
        if key.value not in own:
            template.pairs.append((key, value))
        else:
            _merge_pair(template, own[key.value], (key, value), (*path, key.value))


def _merge_pair(parent: Node, own: tuple[Node, Node], other: tuple[Node, Node], path: Path) -> None:
    value, base = own[1], other[1]
    match value.kind, base.kind:
        case Kind.MAPPING, Kind.MAPPING:
            _take_comments(own, other)
            _merge_mappings(value, base, path)
            _settle_comment(own)
        case Kind.SEQUENCE, Kind.SEQUENCE if path != ("dns",) or not value.items:
            _take_comments(own, other)
            _take_style(value, base)
            position = 0 if path[0] in _BASE_FIRST else len(value.items)
            value.items[position:position] = base.items
            _settle_comment(own)
        case Kind.SCALAR, Kind.SCALAR if _is_newer(base, value, path):
            position = next(index for index, pair in enumerate(parent.pairs) if pair[0] is own[0])
            other[0].blank_before = own[0].blank_before
            parent.pairs[position] = other
        case _:
            pass


def _take_style(node: Node, base: Node) -> None:
    """Write a collection over several lines when something comes into it that was written so."""
    empty = not node.items and not node.pairs
    if (base.items or base.pairs) and (empty or base.style is not Style.FLOW):
        node.style = base.style


def _take_comments(own: tuple[Node, Node], other: tuple[Node, Node]) -> None:
    """Take over the comments of a base's key where the template's has none."""
    (key, value), (base_key, base) = own, other
    key.head_comment = key.head_comment or base_key.head_comment
    if not key.line_comment and not value.line_comment:
        key.line_comment, value.line_comment = base_key.line_comment, base.line_comment


def _settle_comment(own: tuple[Node, Node]) -> None:
    """Move the line comment to the key when the value now begins on the next line."""
    key, value = own
    if value.style is not Style.FLOW and (value.items or value.pairs) and value.line_comment:
        key.line_comment, value.line_comment = key.line_comment or value.line_comment, ""


def _is_newer(base: Node, template: Node, path: Path) -> bool:
    """Whether `path` is that of a minimum version, and the base wants more than the template."""
    ours, theirs = text_of(template), text_of(base)
    if ours is None or theirs is None:
        return False
    if path == ("minimumLimaVersion",):
        return _newer_lima(theirs, ours)
    return path == ("vmOpts", "qemu", "minimumVersion") and _semver(base, theirs) > _semver(template, ours)


def _newer_lima(base: str, template: str) -> bool:
    """Whether `base` is the newer version. One that is none stays, for validation to find it.

    Of versions with the same numbers the base's counts as newer as soon as one of them has a suffix: so
    Lima has it (pkg/version/versionutil, `GreaterThan`).
    """
    theirs, ours = parse_version(base), parse_version(template)
    if theirs is None or ours is None:
        return ours is not None and base != ""
    return theirs > ours or (theirs == ours and "-" in base + template)


def _semver(node: Node, text: str) -> tuple[object, ...]:
    """What compares as the semantic version does."""
    match = _SEMVER.fullmatch(text)
    if not match:
        raise wrong(f"{node.value[:40]!r} is not a version such as 8.2.1", node, "vmOpts.qemu.minimumVersion")
    parts = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in (match[4] or "").split(".")]
    return int(match[1]), int(match[2]), int(match[3]), match[4] is None, parts
