"""How expressions are grouped."""

import pytest

from limavm.yq import ExpressionError
from limavm.yq.parser import parse
from limavm.yq.tree import Expr


def grouped(expr: Expr | None) -> str:
    """The tree with all its parentheses."""
    if expr is None:
        return ""
    if expr.op in ("step", "literal"):
        return expr.text
    if expr.op == "string":
        return "".join(f"'{part}'" if isinstance(part, str) else f"<{grouped(part)}>" for part in expr.parts) or "''"
    if expr.lhs is None and expr.rhs is None:
        return expr.op + expr.text
    if expr.lhs is None:
        return (
            f"{expr.op[:1]}{grouped(expr.rhs)}{expr.op[1:]}" if expr.op == "[]" else f"{expr.op}({grouped(expr.rhs)})"
        )
    return f"({grouped(expr.lhs)} {expr.op}{expr.flags} {grouped(expr.rhs)})"


@pytest.mark.parametrize(
    ("expression", "tree"),
    [
        (".a.b.c", "(a | (b | c))"),
        (".a[0].b", "((a [ [0]) | b)"),
        (".a.b[0]", "(a | (b [ [0]))"),
        (".[1:]", "(. [ [(1 : length)])"),
        (".[:2]", "(. [ [(0 : 2)])"),
        (".a[:-1]", "(a [ [(0 : -1)])"),
        (".a[]", "(a [ [])"),
        (".[.a]?", "(. [? [a])"),
        # All arithmetic binds alike, and everything groups to the right.
        ("10 - 3 - 2", "(10 - (3 - 2))"),
        ("2 * 3 + 1", "(2 * (3 + 1))"),
        (".a // .b + 1", "(a // (b + 1))"),
        (".a + 1 == 2", "((a + 1) == 2)"),
        (".a == 1 and .b == 2", "((a == 1) and (b == 2))"),
        (".a and .b | not", "(a and (b | not))"),
        (".a, .b | .c", "(a , (b | c))"),
        (".a | .b, .c", "((a | b) , c)"),
        (".a = .b | .c = 1", "((a = b) | (c = 1))"),
        (".a |= . + 1", "(a =| (. + 1))"),
        (".a += 1, 2", "((a += 1) , 2)"),
        ("(1, 2) + 3", "((1 , 2) + 3)"),
        (".a as $x | .b | $x", "((a as $x) | (b | $x))"),
        (".[] as $i ireduce (0; . + $i)", "(((. [ []) as $i) ireduce (0 ; (. + $i)))"),
        ("select(.a).b", "(select(a) | b)"),
        ("select(.a)[0]", "(select(a) [ [0])"),
        ("del(.a) | .b", "(del(a) | b)"),
        ("keys[0]", "(keys [ [0])"),
        ("first", "first"),
        ("first | .a", "(first | a)"),
        ("first(.a)", "first(a)"),
        ("select .a | .b", "(select(a) | b)"),
        ("-.a.b * 2", "((0 - (a | b)) * 2)"),
        ("3 - -.a", "(3 - (0 - a))"),
        (".a style = .b style", None),
        ('.a head_comment |= "x"', "(a assign_comment| 'x')"),
        ('"a\\(.b + 1)c"', "'a'<(b + 1)>'c'"),
        ('"\\("x")"', None),
        ('"\\(\\"x\\")"', "<'x'>"),
        ("[1, 2]", "[(1 , 2)]"),
        ("{}", "{}"),
        ("", ""),
    ],
)
def test_an_expression_is_grouped_as_by_yq(expression: str, tree: str | None) -> None:
    if tree is None:
        with pytest.raises(ExpressionError):
            parse(expression)
    else:
        assert grouped(parse(expression)) == tree


@pytest.mark.parametrize(
    ("expression", "position", "message"),
    [
        ("(.a", 0, "'(' is never closed"),
        (".a)", 2, "')' closes nothing that is open here"),
        ("[.a)", 3, "')' closes nothing that is open here"),
        (".a + ", 5, "the expression ends where a value is missing"),
        ("| .a", 0, "a value is missing before this"),
        (".a | | .b", 5, "a value is missing before this"),
        ("[1,]", 3, "a value is missing before this"),
        (".a .. .b", 3, "an operator is missing before this"),
        (".a (.b)", 3, "an operator is missing before this"),
        (".a select(.b)", 3, "an operator is missing before this"),
        ("()", 1, "there is nothing in these parentheses"),
        ("select", 6, "'select' needs an argument in parentheses"),
        ("select | .a", 7, "'select' needs an argument in parentheses"),
        ('"\\(.a +)"', 0, "the expression ends where a value is missing"),
        ("(" * 60_000, 50_000, "the expression is too long"),
    ],
)
def test_what_cannot_be_grouped_is_an_error_at_its_place(expression: str, position: int, message: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(expression)

    assert (error.value.position, error.value.message) == (position, message)


def test_texts_within_texts_have_a_greatest_depth() -> None:
    with pytest.raises(ExpressionError, match="nested too deeply"):
        parse('"\\(.a)"', level=10)
