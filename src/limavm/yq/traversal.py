"""From a node to its children by key, number or pattern: through aliases and merge keys, making what is missing."""

from collections.abc import Iterator, Sequence

import msgspec

from limavm.roundtrip.nodes import Kind, Node, Style
from limavm.yq.building import add_pair
from limavm.yq.context import Candidate, Context
from limavm.yq.equality import fits
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator
from limavm.yq.numbers import integer
from limavm.yq.scalars import scalar

_MERGE_DEPTH = 50


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How to go."""

    #: Go through merge keys (`<<`) and the aliases behind them.
    follow: bool = True
    #: Return keys, and values.
    keys: bool = False
    values: bool = True
    #: Make a key that is missing, unless the context is read only.
    create: bool = True
    #: Pass over what cannot be gone into.
    optional: bool = False
    #: Names are no patterns.
    exact: bool = False


PLAIN = Way()


def step(
    evaluator: Evaluator, context: Context, candidate: Candidate, key: str | int, way: Way = PLAIN
) -> list[Candidate]:
    """What a key or a number leads to."""
    candidate = resolved(candidate)
    node = candidate.node
    if node.is_null and not context.read_only:
        become_collection(node, Kind.SEQUENCE if isinstance(key, int) else Kind.MAPPING)
    match node.kind:
        case Kind.MAPPING:
            return by_key(evaluator, context, candidate, scalar(str(key), "!!str"), way)
        case Kind.SEQUENCE:
            return by_numbers(evaluator, context, candidate, [str(key)], way)
        case _:
            return []


def index(
    evaluator: Evaluator, context: Context, candidate: Candidate, indices: Sequence[Node], way: Way = PLAIN
) -> list[Candidate]:
    """What indices lead to, all children when there are none."""
    candidate = resolved(candidate)
    node = candidate.node
    if node.is_null:
        if context.read_only:
            return []
        keyed = bool(indices) and indices[0].full_tag != "!!int"
        become_collection(node, Kind.MAPPING if keyed else Kind.SEQUENCE)
    match node.kind:
        case Kind.SEQUENCE:
            if not indices:
                return list(candidate.children())
            return by_numbers(evaluator, context, candidate, [wanted.resolved.value for wanted in indices], way)
        case Kind.MAPPING:
            if not indices:
                return all_of(evaluator, candidate, way)
            keyed_by = (wanted.resolved for wanted in indices)
            return [found for key in keyed_by for found in by_key(evaluator, context, candidate, key, way)]
        case _:
            return []


def splat(evaluator: Evaluator, context: Context, candidate: Candidate, way: Way = PLAIN) -> list[Candidate]:
    """All children, as `.[]`."""
    return index(evaluator, context, candidate, (), way)


def resolved(candidate: Candidate) -> Candidate:
    """What an alias refers to, in the place of the alias."""
    node = candidate.node.resolved
    if node is candidate.node:
        return candidate
    return Candidate(
        node=node, parent=candidate.parent, key=candidate.key, is_key=candidate.is_key, origin=candidate.origin
    )


def become_collection(node: Node, kind: Kind) -> None:
    """A null that is about to be filled."""
    node.kind, node.tag, node.value, node.style = kind, "", "", Style.NONE


def by_numbers(
    evaluator: Evaluator, context: Context, candidate: Candidate, numbers: Sequence[str], way: Way
) -> list[Candidate]:
    """Entries of a sequence; nulls are appended up to a number beyond the end, unless the context is read only."""
    node = candidate.node
    found: list[Candidate] = []
    for text in numbers:
        try:
            number = integer(text)
        except Trouble:
            if way.optional:
                continue
            raise Trouble(f"a list cannot be indexed with {text!r}") from None
        if number < -len(node.items):
            raise Trouble(f"there is no entry [{number}] in a list of {len(node.items)}")
        if number >= len(node.items):
            if context.read_only:
                found.append(candidate.entry(scalar("null", "!!null"), number))
                continue
            _fill(evaluator, node, number + 1)
        position = number if number >= 0 else len(node.items) + number
        found.append(candidate.entry(node.items[position], position))
    return found


def _fill(evaluator: Evaluator, node: Node, length: int) -> None:
    if not node.items:
        node.style = Style.NONE
    missing = length - len(node.items)
    evaluator.spend(missing)
    node.items += [scalar("null", "!!null") for _ in range(missing)]


def by_key(evaluator: Evaluator, context: Context, candidate: Candidate, key: Node, way: Way) -> list[Candidate]:
    """The values of the keys that fit; the key is made when there is none."""
    node = candidate.node
    evaluator.spend(1 + len(node.pairs) // 8)
    found = _matching(evaluator, candidate, key.value, way)
    if found or not way.create or context.read_only:
        return found
    if not node.pairs:
        node.style = Style.NONE
    made_key, made = add_pair(evaluator, node, key, scalar("null", "!!null"))
    return [
        *([candidate.child_key(made_key)] if way.keys else []),
        *([candidate.child(made, made_key)] if way.values else []),
    ]


def all_of(evaluator: Evaluator, candidate: Candidate, way: Way) -> list[Candidate]:
    """All values of a mapping, those of merge keys included."""
    evaluator.spend(1 + len(candidate.node.pairs))
    return _matching(evaluator, candidate, None, way)


def _matching(evaluator: Evaluator, candidate: Candidate, wanted: str | None, way: Way) -> list[Candidate]:
    # A later pair of the same name takes the place of an earlier one; the keys of the mapping itself come last.
    chosen: dict[tuple[bool, str], Candidate] = {}
    for owner, key, value in _pairs(evaluator, candidate, wanted, way, 0):
        if wanted is not None and not _is_wanted(key, wanted, way):
            continue
        if way.keys:
            chosen[True, key.value] = owner.child_key(key)
        if way.values:
            chosen[False, key.value] = owner.child(value, key)
    return list(chosen.values())


def _is_wanted(key: Node, wanted: str, way: Way) -> bool:
    return key.value == wanted if way.exact else fits(key.value, wanted)


def _pairs(
    evaluator: Evaluator, candidate: Candidate, wanted: str | None, way: Way, depth: int
) -> Iterator[tuple[Candidate, Node, Node]]:
    """All pairs, those that are merged in first, so that the mapping's own keys win over them."""
    own: list[tuple[Node, Node]] = []
    merged: list[Node] = []
    for key, value in candidate.node.pairs:
        if way.follow and wanted != key.value and key.is_merge:
            merged += merge_sources(value)
        else:
            own.append((key.resolved, value))
    if depth < _MERGE_DEPTH:
        for source in reversed(merged):
            evaluator.spend(1 + len(source.pairs))
            yield from _pairs(evaluator, candidate.replaced(source), wanted, way, depth + 1)
    for key, value in own:
        yield candidate, key, value


def merge_sources(value: Node) -> list[Node]:
    """The mappings that the value of a merge key names, in order; what is none is passed over."""
    value = value.resolved
    sources = [item.resolved for item in value.items] if value.kind is Kind.SEQUENCE else [value]
    return [source for source in sources if source.kind is Kind.MAPPING]
