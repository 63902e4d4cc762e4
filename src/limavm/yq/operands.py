"""What operators read from their operands: texts, the texts to assign, and what a value is called in a message."""

from collections.abc import Iterator

from limavm.roundtrip.nodes import Kind, Node
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator
from limavm.yq.scalars import real_tag
from limavm.yq.tree import Expr


def text_of(candidate: Candidate, verb: str) -> str:
    """The text that an operator is used on; raises Trouble for what is none."""
    node = candidate.node.resolved
    if node.kind is not Kind.SCALAR or real_tag(node) != "!!str":
        raise Trouble(f"cannot {verb} {node.full_tag}, only a text", hint="for an assignment write |= instead of =")
    return node.value


def parameter(evaluator: Evaluator, context: Context, expr: Expr | None) -> str:
    """The text of the first result of an operand, empty when there is none."""
    found = evaluator.evaluate(expr, context.reading()) if expr is not None else []
    return found[0].node.resolved.value if found else ""


def targets(evaluator: Evaluator, context: Context, expr: Expr) -> Iterator[tuple[Candidate, str]]:
    """What `a WORD = x` finds on its left, each with the text to assign: x of the input or, with `|=`, of each a.

    As in yq, an a without an x takes the text of the a before it.
    """
    update = "|" in expr.flags
    text = "" if update else parameter(evaluator, context, expr.rhs)
    for candidate in evaluator.evaluate(expr.lhs, context):
        if update:
            found = evaluator.evaluate(expr.rhs, context.one(candidate).reading())
            text = found[0].node.resolved.value if found else text
        yield candidate, text


def describe(node: Node) -> str:
    """What a node is, for a message."""
    match node.kind:
        case Kind.MAPPING:
            return "a map"
        case Kind.SEQUENCE:
            return "a list"
        case _ if node.is_null:
            return "null"
        case _:
            value = node.value if len(node.value) < 40 else node.value[:40] + "…"
            return f"{value!r} ({node.full_tag})"
