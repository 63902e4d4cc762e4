"""When two nodes are the same value, and when a name fits a pattern."""

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq.evaluator import Evaluator
from limavm.yq.scalars import real_tag


def equal(evaluator: Evaluator, left: Node, right: Node, depth: int = 0) -> bool:
    """The same value: comments, styles and the order of keys do not count."""
    evaluator.visit(depth)
    left, right = left.resolved, right.resolved
    if left.kind is not right.kind or len(left.items) != len(right.items) or len(left.pairs) != len(right.pairs):
        return False
    match left.kind:
        case Kind.SCALAR:
            tag = real_tag(left)
            return tag == real_tag(right) and (tag == "!!null" or left.value == right.value)
        case Kind.SEQUENCE:
            return all(equal(evaluator, a, b, depth + 1) for a, b in zip(left.items, right.items, strict=True))
        case _:
            return all(_has(evaluator, right, key, value, depth + 1) for key, value in left.pairs)


def _has(evaluator: Evaluator, node: Node, key: Node, value: Node, depth: int) -> bool:
    index = find_key(evaluator, node, key, depth)
    return index is not None and equal(evaluator, node.pairs[index][1], value, depth)


def find_key(evaluator: Evaluator, node: Node, key: Node, depth: int = 0) -> int | None:
    """Where a mapping has that key."""
    for index, (own, _) in enumerate(node.pairs):
        # Most keys are scalars, and most differ in their value.
        if own.kind is Kind.SCALAR and key.kind is Kind.SCALAR and own.value != key.value and own.value and key.value:
            continue
        if equal(evaluator, own, key, depth):
            return index
    evaluator.spend(len(node.pairs) // 8)
    return None


def find_item(evaluator: Evaluator, node: Node, item: Node) -> int | None:
    """Where a sequence has such an entry."""
    return next((index for index, own in enumerate(node.items) if equal(evaluator, own, item)), None)


def fits(name: str, pattern: str) -> bool:
    """Whether a name fits a pattern, in which `*` is any text and `?` any character."""
    if "*" not in pattern:
        return name == pattern or ("?" in pattern and len(name) == len(pattern) and _same(name, 0, pattern))
    first, *middle, last = pattern.split("*")
    if len(name) < len(first) + len(last) or not _same(name, 0, first) or not _same(name, len(name) - len(last), last):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in middle:
        found = next((begin for begin in range(at, end - len(piece) + 1) if _same(name, begin, piece)), None)
        if found is None:
            return False
        at = found + len(piece)
    return True


def _same(name: str, begin: int, piece: str) -> bool:
    if "?" not in piece:
        return name.startswith(piece, begin)
    return all(wanted in ("?", own) for own, wanted in zip(name[begin : begin + len(piece)], piece, strict=True))
