"""`*`: numbers, repeated texts, and above all the deep merge of maps.

The letters behind it: `+` appends lists, `d` merges the entries of lists, `n` writes only what is null or new,
`?` writes only what is there already, `c` replaces tags of the user's own.
"""

from limavm.roundtrip.nodes import Kind, Node, Style
from limavm.yq import building
from limavm.yq.context import Candidate, Context
from limavm.yq.crossing import both_sides, cross
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.numbers import integer
from limavm.yq.operators import arithmetic
from limavm.yq.scalars import real_tag, scalar, set_value
from limavm.yq.traversal import become_collection
from limavm.yq.tree import Expr

_LONGEST = 10 << 20


def multiply(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """`a * b`"""
    return cross(evaluator, context.reading(), expr, both_sides(lambda a, b: times(evaluator, a, b, expr.flags)))


def times(evaluator: Evaluator, left: Candidate, right: Candidate, flags: str) -> Candidate:
    """The product of two; the left side itself is not changed."""
    a, b = left.node.resolved, right.node.resolved
    if b.is_null:
        return left.replaced(evaluator.copy(left.node))
    if b.kind is not Kind.SCALAR and (a.kind is b.kind or a.is_null):
        merged = evaluator.copy(a)
        _Merge(evaluator, flags).into(merged, b)
        merged.head_comment = a.head_comment or merged.head_comment
        merged.foot_comment = a.foot_comment or merged.foot_comment
        return left.replaced(merged)
    tags = {real_tag(a), real_tag(b)}
    if a.kind is b.kind is Kind.SCALAR and tags == {"!!str", "!!int"}:
        return left.replaced(_repeated(evaluator, a, b))
    return left.replaced(arithmetic.calculated(evaluator, a, b))


def _repeated(evaluator: Evaluator, a: Node, b: Node) -> Node:
    text, number = (a, b) if real_tag(a) == "!!str" else (b, a)
    count = integer(number.value)
    if count < 0:
        raise Trouble(f"a text cannot be repeated {count} times")
    if len(text.value) * count > _LONGEST:
        raise Trouble(f"a text repeated {count} times is too long")
    evaluator.spend_text(len(text.value) * count)
    result = building.hollow(evaluator, a)
    if text is not a:
        result.style = text.style
    set_value(result, text.value * count, text.full_tag)
    return result


class _Merge:
    def __init__(self, evaluator: Evaluator, flags: str) -> None:
        self.evaluator = evaluator
        self.append = "+" in flags
        self.deep = "d" in flags
        self.only_null = "n" in flags
        self.only_present = "?" in flags
        self.clobber = "c" in flags

    def into(self, target: Node, source: Node) -> None:
        """Merge a tree into another one, which is changed."""
        self.evaluator.spend(1)
        if source.kind is Kind.MAPPING:
            self.attributes(target, source)
            self.pairs(target, source)
        elif source.kind is Kind.SEQUENCE and self.append:
            place = Candidate(node=self.evaluator.copy(target))
            total = arithmetic.plus(self.evaluator, Context(candidates=[]), place, Candidate(node=source))
            self.assign(target, total.node)
            if self.deep:
                self.entries(target, source)
        elif source.kind is Kind.SEQUENCE and self.deep:
            self.attributes(target, source)
            self.entries(target, source)
        else:
            self.assign(target, source)

    def attributes(self, target: Node, source: Node) -> None:
        if not self.only_null or target.is_null:
            building.update_attributes(target, source, clobber=self.clobber)

    def assign(self, target: Node, source: Node) -> None:
        if not self.only_null or target.is_null:
            building.update(self.evaluator, target, source, clobber=self.clobber)

    def pairs(self, target: Node, source: Node) -> None:
        target = target.resolved
        if target.is_null:
            become_collection(target, Kind.MAPPING)
        if target.kind is not Kind.MAPPING:
            return
        for key, value in source.pairs:
            self.evaluator.spend(1 + len(target.pairs) // 16)
            found = target.find(key.value)
            if found is None and self.only_present:
                continue
            if found is None:
                if not target.pairs:
                    target.style = Style.NONE
                found = building.add_pair(self.evaluator, target, key, scalar("null", "!!null"))
            elif not key.is_merge:
                self.assign(found[0], key)
            self.into(found[1], value)

    def entries(self, target: Node, source: Node) -> None:
        target = target.resolved
        if target.is_null:
            become_collection(target, Kind.SEQUENCE)
        if target.kind is not Kind.SEQUENCE:
            return
        missing = len(source.items) - len(target.items)
        target.items += [scalar("null", "!!null") for _ in range(missing)]
        for own, other in zip(target.items, source.items, strict=False):
            self.into(own, other)


TABLE: dict[str, Operator] = {"*": multiply}
