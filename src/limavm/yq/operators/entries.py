"""Maps as lists of their entries, and back; keys, length, picking and omitting."""

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq import building
from limavm.yq.context import Candidate, Context
from limavm.yq.equality import find_item, find_key
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.numbers import integer
from limavm.yq.operands import describe
from limavm.yq.scalars import scalar
from limavm.yq.tree import Expr


def keys(evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`keys`: of a map, or the numbers of a list."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = candidate.node.resolved
        if node.kind is Kind.SCALAR:
            raise Trouble(f"{describe(node)} has no keys")
        listed = building.sequence(evaluator, _keys(node))
        for item in listed.items:
            item.blank_before = 0
        if candidate.whole and listed.items:
            # What stands above the first key is said about the document.
            listed.items[0].head_comment = ""
        results.append(Candidate(node=listed, origin=candidate.origin))
    return results


def _keys(node: Node) -> list[Node]:
    if node.kind is Kind.MAPPING:
        return [key for key, _ in node.pairs]
    return [scalar(str(index), "!!int") for index in range(len(node.items))]


def length(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`length`: of entries, or of the bytes of a text; null has none."""
    return [candidate.integer(_length(candidate.node.resolved)) for candidate in context.candidates]


def _length(node: Node) -> int:
    match node.kind:
        case Kind.MAPPING:
            return len(node.pairs)
        case Kind.SEQUENCE:
            return len(node.items)
        case _:
            return 0 if node.is_null else len(node.value.encode("utf-8", "surrogatepass"))


def to_entries(evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`to_entries`: `{key: ..., value: ...}` for each child; nothing for null."""
    return [
        candidate.replaced(_entries(evaluator, candidate.node.resolved))
        for candidate in context.candidates
        if not candidate.node.is_null
    ]


def _entries(evaluator: Evaluator, node: Node) -> Node:
    if node.kind is Kind.SCALAR:
        raise Trouble(f"{describe(node)} has no entries")
    values = [value for _, value in node.pairs] if node.kind is Kind.MAPPING else node.items
    listed = Node(
        kind=Kind.SEQUENCE,
        head_comment=node.head_comment,
        line_comment=node.line_comment,
        foot_comment=node.foot_comment,
    )
    for key, value in zip(_keys(node), values, strict=True):
        entry = Node(kind=Kind.MAPPING)
        building.add_pair(evaluator, entry, scalar("key", "!!str"), key)
        building.add_pair(evaluator, entry, scalar("value", "!!str"), value)
        # What stands around the key stands around the entry, and finds the way back in `from_entries`.
        entry.blank_before = key.blank_before
        entry.head_comment, entry.foot_comment = key.head_comment, key.foot_comment
        listed.items.append(entry)
    return listed


def from_entries(evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`from_entries`: the map that a list of `{key: ..., value: ...}` means."""
    return [candidate.replaced(_map(evaluator, candidate.node.resolved)) for candidate in context.candidates]


def _map(evaluator: Evaluator, node: Node) -> Node:
    if node.kind is not Kind.SEQUENCE:
        raise Trouble(f"from_entries needs a list, and this is {describe(node)}")
    made = building.hollow(evaluator, node)
    made.kind, made.tag = Kind.MAPPING, ""
    for index, item in enumerate(node.items):
        key, value = (item.resolved.get(name) for name in ("key", "value"))
        if key is None or value is None:
            raise Trouble(f"entry {index} has no {'key' if key is None else 'value'}")
        added, _ = building.add_pair(evaluator, made, key, value)
        added.blank_before = item.blank_before
        added.head_comment = added.head_comment or item.head_comment
        added.foot_comment = added.foot_comment or item.foot_comment
    return made


def with_entries(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`with_entries(f)`: what f makes of the entries."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        if candidate.node.is_null:
            continue
        listed = candidate.replaced(_entries(evaluator, candidate.node.resolved))
        made = [
            result.node for entry in listed.children() for result in evaluator.evaluate(expr.rhs, context.one(entry))
        ]
        changed = building.hollow(evaluator, listed.node)
        for item in made:
            building.add_item(evaluator, changed, item)
        mapped = _map(evaluator, changed)
        building.keep_leading_comment(candidate, mapped)
        results.append(candidate.replaced(mapped))
    return results


def pick(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`pick([keys])`: these children only, in that order."""
    wanted = _wanted(evaluator, context, expr)
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = candidate.node.resolved
        if node.kind is Kind.SCALAR:
            raise Trouble(f"nothing can be picked from {describe(node)}")
        made = building.hollow(evaluator, node)
        for key in wanted:
            _pick(evaluator, node, key, made)
        building.keep_leading_comment(candidate, made)
        results.append(candidate.replaced(made))
    return results


def _pick(evaluator: Evaluator, node: Node, key: Node, made: Node) -> None:
    if node.kind is Kind.MAPPING:
        index = find_key(evaluator, node, key)
        if index is not None:
            building.add_pair(evaluator, made, *node.pairs[index])
        return
    number = integer(key.resolved.value)
    if 0 <= number < len(node.items):
        building.add_item(evaluator, made, node.items[number])


def omit(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`omit([keys])`: all other children."""
    unwanted = Node(kind=Kind.SEQUENCE, items=_wanted(evaluator, context, expr))
    if not unwanted.items:
        return context.candidates
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = candidate.node.resolved
        if node.kind is Kind.SCALAR:
            results.append(candidate)
            continue
        made = building.hollow(evaluator, node)
        keys_ = _keys(node)
        kept = [index for index, key in enumerate(keys_) if find_item(evaluator, unwanted, key) is None]
        for index in kept:
            if node.kind is Kind.MAPPING:
                building.add_pair(evaluator, made, *node.pairs[index])
            else:
                building.add_item(evaluator, made, node.items[index])
        building.keep_leading_comment(candidate, made)
        results.append(candidate.replaced(made))
    return results


def _wanted(evaluator: Evaluator, context: Context, expr: Expr) -> list[Node]:
    found = evaluator.evaluate(expr.rhs, context)
    return found[0].node.resolved.items if found else []


TABLE: dict[str, Operator] = {
    "keys": keys,
    "length": length,
    "to_entries": to_entries,
    "from_entries": from_entries,
    "with_entries": with_entries,
    "pick": pick,
    "omit": omit,
}
