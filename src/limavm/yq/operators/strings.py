"""Operators on texts: case, blanks, splitting and joining, to and from numbers."""

import re

from limavm.roundtrip import nodes
from limavm.roundtrip.nodes import Document, Kind, Node, Style
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.formats.numbers import integer
from limavm.yq.formats.options import Options
from limavm.yq.formats.registry import encode_one
from limavm.yq.operands import parameter, text_of
from limavm.yq.scalars import scalar
from limavm.yq.tree import Expr

_FLOAT = re.compile(r"[-+]?(?:(?:[0-9_]+\.?[0-9_]*|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?|inf(?:inity)?|nan)", re.IGNORECASE)
#: What Go's strings.TrimSpace takes for blank; Python's strip() takes four separators more.
_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def to_yaml_text(node: Node) -> str:
    """A node as YAML without the newlines at the end."""
    return encode_one(Document(root=node), "yaml", Options()).rstrip("\n")


def trim(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """Without the blanks at both ends."""
    return [_like(one, text_of(one, "trim").strip(_BLANKS)) for one in context.candidates]


def upcase(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """In upper case."""
    return [_like(one, text_of(one, "change the case of").upper()) for one in context.candidates]


def downcase(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """In lower case."""
    return [_like(one, text_of(one, "change the case of").lower()) for one in context.candidates]


def _like(candidate: Candidate, value: str) -> Candidate:
    node = candidate.node.resolved
    return candidate.replaced(scalar(value, node.full_tag, node.style))


def to_string(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """A scalar as a text between quotes, a list or a mapping as the text of its YAML."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = candidate.node
        if node.full_tag == "!!str":
            results.append(candidate.text(node.resolved.value))
            continue
        value = node.value if node.kind is Kind.SCALAR else to_yaml_text(node)
        results.append(candidate.replaced(scalar(value, "!!str", Style.DOUBLE)))
    return results


def to_number(_evaluator: Evaluator, context: Context, _expr: Expr) -> list[Candidate]:
    """A number, read from a text when it is one; its notation stays."""
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = candidate.node.resolved
        if node.kind is Kind.SCALAR and node.full_tag in ("!!int", "!!float"):
            results.append(candidate)
            continue
        tag = _number_tag(node.value) if node.kind is Kind.SCALAR else ""
        if not tag:
            shown = repr(node.value[:60]) if node.kind is Kind.SCALAR else node.full_tag
            raise Trouble(f"{shown} is no number")
        results.append(candidate.replaced(scalar(node.value, tag)))
    return results


def _number_tag(value: str) -> str:
    try:
        integer(value)
    except ValueError:
        return "!!float" if _FLOAT.fullmatch(value) else ""
    return "!!int"


def split(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """The parts of a text between a separator; a null is passed over."""
    separator = parameter(evaluator, context, expr.rhs)
    results: list[Candidate] = []
    for candidate in context.candidates:
        if candidate.node.is_null:
            continue
        value = text_of(candidate, "split")
        evaluator.spend(value.count(separator) if separator else len(value))
        parts = (value.split(separator) if separator else list(value)) if value else []
        results.append(candidate.replaced(nodes.sequence([scalar(part, "!!str") for part in parts])))
    return results


def join(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """The entries of a list as one text, nulls as nothing."""
    separator = parameter(evaluator, context, expr.rhs)
    results: list[Candidate] = []
    for candidate in context.candidates:
        node = candidate.node.resolved
        if node.kind is not Kind.SEQUENCE:
            raise Trouble(f"cannot join {node.full_tag}, only a list")
        values = ["" if item.is_null else item.resolved.value for item in node.items]
        evaluator.spend_text(sum(map(len, values)) + len(separator) * len(values))
        results.append(candidate.text(separator.join(values)))
    return results


TABLE: dict[str, Operator] = {
    "trim": trim,
    "upcase": upcase,
    "downcase": downcase,
    "to_string": to_string,
    "to_number": to_number,
    "split": split,
    "join": join,
}
