"""The order of children, and lists made of lists: sort, reverse, unique, group, flatten, pivot."""

from functools import cmp_to_key
from itertools import zip_longest

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq import building, moments, numbers
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.numbers import integer
from limavm.yq.operands import describe
from limavm.yq.scalars import NUMBERS, is_true, real_tag, scalar
from limavm.yq.tree import Expr

_RANK = {"!!null": 0, "!!bool": 1}


def sort(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`sort`, `sort_by(f)`: of a list, or of the pairs of a map by their values."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = candidate.node.resolved
        if node.kind is Kind.SCALAR:
            raise Trouble(f"{describe(node)} cannot be sorted")
        children = list(candidate.replaced(node).children())
        keyed = [_sort_keys(evaluator, context, child, expr) for child in children]

        def compare(a: int, b: int, keyed: list[list[Node]] = keyed) -> int:
            return _compare_lists(evaluator, context, keyed[a], keyed[b])

        order = sorted(range(len(children)), key=cmp_to_key(compare))
        made = building.hollow(evaluator, node)
        for index in order:
            if node.kind is Kind.MAPPING:
                building.add_pair(evaluator, made, *node.pairs[index])
            else:
                building.add_item(evaluator, made, node.items[index])
        results.append(candidate.replaced(made))
    return results


def _sort_keys(evaluator: Evaluator, context: Context, child: Candidate, expr: Expr) -> list[Node]:
    if expr.rhs is None:
        return [child.node.resolved]
    return [found.node.resolved for found in evaluator.evaluate(expr.rhs, context.one(child).reading())]


def _compare_lists(evaluator: Evaluator, context: Context, left: list[Node], right: list[Node]) -> int:
    evaluator.spend(1)
    for a, b in zip(left, right, strict=False):
        order = _compare(context, a, b)
        if order:
            return order
    return len(left) - len(right)


def _compare(context: Context, left: Node, right: Node) -> int:
    """Nulls, then false, then true, then the rest: numbers as numbers, everything else as texts."""
    tags = (real_tag(left), real_tag(right))
    ranks = tuple(_RANK.get(tag, 2) for tag in tags)
    if ranks[0] != ranks[1]:
        return ranks[0] - ranks[1]
    if ranks[0] == 1:
        return is_true(left) - is_true(right)
    if ranks[0] == 0:
        return 0
    if "!!timestamp" in tags or context.date_layout:
        order = moments.order(left.value, right.value, context.date_layout)
        if order is not None:
            return order
    if set(tags) <= set(NUMBERS):
        return numbers.order(left, right)
    return (left.value > right.value) - (left.value < right.value)


def sort_keys(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`sort_keys(f)`: the pairs of the maps that f finds, by the text of their keys, in place."""
    for candidate in context.candidates:
        for found in evaluator.evaluate(expr.rhs, context.one(candidate).reading()):
            evaluator.spend(len(found.node.pairs))
            found.node.pairs.sort(key=lambda pair: pair[0].value)
    return context.candidates


def reverse(evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`reverse`: of a list."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = _list(candidate, "reversed")
        made = building.hollow(evaluator, node)
        for item in reversed(node.items):
            building.add_item(evaluator, made, item)
        results.append(candidate.replaced(made))
    return results


def _list(candidate: Candidate, verb: str) -> Node:
    node = candidate.node.resolved
    if node.kind is not Kind.SEQUENCE:
        raise Trouble(f"{describe(node)} cannot be {verb}, only a list")
    return node


def unique(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`unique`, `unique_by(f)`: the first of those that are the same."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = _list(candidate, "made unique")
        made = building.hollow(evaluator, node)
        for group in _groups(evaluator, context, candidate.replaced(node), expr):
            building.add_item(evaluator, made, group[0])
        results.append(candidate.replaced(made))
    return results


def group_by(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`group_by(f)`: a list of lists of those that are the same, in the order of the first of each."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = _list(candidate, "grouped")
        made = Node(kind=Kind.SEQUENCE)
        for group in _groups(evaluator, context, candidate.replaced(node), expr):
            made.items.append(building.sequence(evaluator, group))
        results.append(candidate.result(made))
    return results


def _groups(evaluator: Evaluator, context: Context, candidate: Candidate, expr: Expr) -> list[list[Node]]:
    groups: dict[object, list[Node]] = {}
    for child in candidate.children():
        found = _sort_keys(evaluator, context, child, expr)
        groups.setdefault(_signature(evaluator, found[0], 0) if found else "null", []).append(child.node)
    return list(groups.values())


def _signature(evaluator: Evaluator, node: Node, depth: int) -> object:
    """What two nodes have in common that count as the same; of scalars only the text counts."""
    evaluator.visit(depth)
    node = node.resolved
    match node.kind:
        case Kind.SEQUENCE:
            return ("list", *(_signature(evaluator, item, depth + 1) for item in node.items))
        case Kind.MAPPING:
            return ("map", *(_signature(evaluator, child, depth + 1) for child in node.children()))
        case _:
            return node.value


def flatten(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`flatten`, `flatten(1)`: the entries of lists in the list, in place."""
    depth = integer(expr.text)
    for candidate in context.candidates:
        node = _list(candidate, "flattened")
        node.items = _flat(evaluator, node, depth)
    return context.candidates


def _flat(evaluator: Evaluator, node: Node, depth: int) -> list[Node]:
    items: list[Node] = []
    for item in node.items:
        evaluator.spend(1)
        if item.kind is Kind.SEQUENCE and depth != 0:
            items += _flat(evaluator, item, depth - 1)
        else:
            items.append(item)
    return items


def pivot(evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """`pivot`: rows become columns, of a list of lists or of maps."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        rows = [item.resolved for item in _list(candidate, "pivoted").items]
        kinds = {row.kind for row in rows}
        if len(kinds) != 1 or Kind.SCALAR in kinds:
            raise Trouble("pivot needs a list of lists, or a list of maps")
        made = _pivoted_maps(evaluator, rows) if Kind.MAPPING in kinds else _pivoted_lists(evaluator, rows)
        results.append(Candidate(node=made, origin=candidate.origin))
    return results


def _pivoted_lists(evaluator: Evaluator, rows: list[Node]) -> Node:
    made = Node(kind=Kind.SEQUENCE)
    for column in zip_longest(*(row.items for row in rows)):
        made.items.append(building.sequence(evaluator, (item or scalar("", "!!null") for item in column)))
    return made


def _pivoted_maps(evaluator: Evaluator, rows: list[Node]) -> Node:
    made = Node(kind=Kind.MAPPING)
    names = dict.fromkeys(key.value for row in rows for key, _ in row.pairs)
    evaluator.spend(len(names) * len(rows))
    for name in names:
        column = building.sequence(evaluator, (row.get(name) or scalar("", "!!null") for row in rows))
        made.pairs.append((scalar(name, "!!str"), column))
    return made


TABLE: dict[str, Operator] = {
    "sort": sort,
    "sort_by": sort,
    "sort_keys": sort_keys,
    "reverse": reverse,
    "unique": unique,
    "unique_by": unique,
    "group_by": group_by,
    "flatten": flatten,
    "pivot": pivot,
}
