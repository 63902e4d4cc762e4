"""Operators with regular expressions: `test`, `match`, `capture`, `sub`.

Offsets and lengths count bytes of UTF-8, as they do in yq.
"""

from collections.abc import Iterable

from limavm.roundtrip import nodes
from limavm.roundtrip.nodes import Node
from limavm.yq.context import Candidate, Context
from limavm.yq.errors import Trouble
from limavm.yq.evaluator import Evaluator, Operator
from limavm.yq.operands import parameter, text_of
from limavm.yq.regex import Match, PatternError, Regex, compile_pattern
from limavm.yq.scalars import scalar
from limavm.yq.tree import Expr


def test(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """Whether the pattern is found."""
    regex, _ = _arguments(evaluator, context, expr)
    return [
        candidate.boolean(regex.search(text_of(candidate, "match"), 0, evaluator.spend) is not None)
        for candidate in context.candidates
    ]


def match(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """What was found and where, with its groups; with `g` all that is found."""
    regex, everywhere = _arguments(evaluator, context, expr)
    results: list[Candidate] = []
    for candidate in context.candidates:
        text = text_of(candidate, "match")
        for found in _found(regex, text, everywhere, evaluator):
            groups = [
                nodes.mapping(_place(text, found, index) + ([_entry("name", _text(name))] if name else []))
                for index, name in enumerate(regex.names, 1)
            ]
            evaluator.spend(4 + 4 * len(groups))
            entry = _entry("captures", nodes.sequence(groups))
            results.append(candidate.replaced(nodes.mapping([*_place(text, found, 0), entry])))
    return results


def capture(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """A mapping from the names of groups to what they took."""
    regex, everywhere = _arguments(evaluator, context, expr)
    results: list[Candidate] = []
    for candidate in context.candidates:
        text = text_of(candidate, "match")
        for found in _found(regex, text, everywhere, evaluator):
            evaluator.spend(1 + len(regex.names))
            pairs = [_entry(name, _taken(text, found, index)) for index, name in enumerate(regex.names, 1)]
            results.append(candidate.replaced(nodes.mapping(pairs)))
    return results


def sub(evaluator: Evaluator, context: Context, expr: Expr) -> list[Candidate]:
    """All that is found replaced; `$1` and `${name}` stand for groups."""
    operands = list(expr.arguments())
    if len(operands) != 2:
        raise Trouble('sub takes a pattern and what to put in its place: sub("a"; "b")')
    regex = _compiled(parameter(evaluator, context, operands[0]))
    template = parameter(evaluator, context, operands[1])
    return [
        candidate.text(regex.replace(text_of(candidate, "substitute in"), template, evaluator.spend))
        for candidate in context.candidates
    ]


def _arguments(evaluator: Evaluator, context: Context, expr: Expr) -> tuple[Regex, bool]:
    """The pattern, and whether `g` was given."""
    operands = list(expr.arguments())
    options = parameter(evaluator, context, operands[1]) if len(operands) > 1 else ""
    if unknown := options.replace("g", ""):
        hint = 'to ignore case, begin the pattern with (?i): match("(?i)cat")' if "i" in unknown else None
        raise Trouble(f"the option {unknown!r} is not known, only 'g' is", hint=hint)
    return _compiled(parameter(evaluator, context, operands[0] if operands else None)), "g" in options


def _compiled(pattern: str) -> Regex:
    try:
        return compile_pattern(pattern)
    except PatternError as error:
        raise Trouble(f"the regular expression {pattern[:80]!r} is wrong: {error}") from error


def _found(regex: Regex, text: str, everywhere: bool, evaluator: Evaluator) -> Iterable[Match]:
    if everywhere:
        return regex.all(text, evaluator.spend)
    first = regex.search(text, 0, evaluator.spend)
    return [] if first is None else [first]


def _place(text: str, found: Match, index: int) -> list[tuple[Node, Node]]:
    begin, end = found[2 * index], found[2 * index + 1]
    offset = len(text[:begin].encode("utf-8", "surrogateescape")) if begin >= 0 else -1
    length = len(text[begin:end].encode("utf-8", "surrogateescape")) if begin >= 0 else 0
    return [
        _entry("string", _taken(text, found, index)),
        _entry("offset", scalar(str(offset), "!!int")),
        _entry("length", scalar(str(length), "!!int")),
    ]


def _taken(text: str, found: Match, index: int) -> Node:
    begin, end = found[2 * index], found[2 * index + 1]
    return _text(text[begin:end]) if begin >= 0 else scalar("null", "!!null")


def _entry(key: str, value: Node) -> tuple[Node, Node]:
    return _text(key), value


def _text(value: str) -> Node:
    return scalar(value, "!!str")


TABLE: dict[str, Operator] = {
    "test": test,
    "match": match,
    "capture": capture,
    "sub": sub,
}
