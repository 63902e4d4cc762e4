"""Comparison, `min` and `max`, `contains`, `has`."""

import pytest

from limavm.yq import ExpressionError
from tests.unit.yq.expressions import results

D1 = """\
x: 10
y: 3
f: 2.5
s: hello
n: ~
hex: 0x1F
oct: 0o17
neg: -4
l: [1, 2]
m: {k: v}
u: !own 3
bo: false
"""
D2 = """\
a: 2021-01-01T00:00:00Z
b: 2021-01-01T00:00:00+01:00
"""

CASES = [
    # (expression, document, result)
    (".x == 10", D1, "true\n"),
    ('.x == "10"', D1, "true\n"),
    (".x == 10.0", D1, "false\n"),
    ('.s == "hello"', D1, "true\n"),
    ('.s == "h*o"', D1, "true\n"),
    ('.s == "h?llo"', D1, "true\n"),
    ('.s != "h*"', D1, "false\n"),
    (".n == null", D1, "true\n"),
    (".nope == null", D1, "true\n"),
    ('.n == ""', D1, "false\n"),
    (".bo == false", D1, "true\n"),
    (".l == .l", D1, "false\n"),
    (".hex > 30", D1, "true\n"),
    (".x > .y", D1, "true\n"),
    (".x >= 10", D1, "true\n"),
    (".x < .f", D1, "false\n"),
    (".x <= 10", D1, "true\n"),
    ('.s > "abc"', D1, "true\n"),
    (".n > 1", D1, "false\n"),
    (".n >= null", D1, "true\n"),
    (".nope > 1", D1, "false\n"),
    (".nope >= .nope", D1, "true\n"),
    ("1 < .nope", D1, "false\n"),
    (".u > 2", D1, "true\n"),
    (".l | min", D1, "1\n"),
    (".l | max", D1, "2\n"),
    ('["b", "a"] | min', D1, "a\n"),
    ("[3, 1.5] | max", D1, "3\n"),
    ("[] | max", D1, ""),
    (".m | min", D1, "v\n"),
    ('.s | contains("ell")', D1, "true\n"),
    (".l | contains([2])", D1, "true\n"),
    (".l | contains([2, 9])", D1, "false\n"),
    ('.m | contains({"k": "v"})', D1, "true\n"),
    ('.m | contains({"k": "z"})', D1, "false\n"),
    ('.m | contains({"q": "z"})', D1, "false\n"),
    ('["cat", "dog"] | contains(["og"])', D1, "true\n"),
    ('{"a": [{"b": "cd"}]} | contains({"a": [{"b": "c"}]})', D1, "true\n"),
    (".x | contains(10)", D1, "true\n"),
    (".n | contains(null)", D1, "true\n"),
    ('.m | has("k")', D1, "true\n"),
    ('.m | has("z")', D1, "false\n"),
    (".l | has(1)", D1, "true\n"),
    (".l | has(2)", D1, "false\n"),
    ('.l | has("a")', D1, "false\n"),
    ('.s | has("a")', D1, "false\n"),
    (".m | has(empty)", D1, "false\n"),
    (".a > .b", D2, "true\n"),
    (".b < .a", D2, "true\n"),
    (".a == .b", D2, "false\n"),
    (".a >= .a", D2, "true\n"),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
def test_values_are_compared_as_numbers_or_texts(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    (".l > 1", D1, "a list cannot be compared by >", 3),
    (".m < .m", D1, "a map cannot be compared by <", 3),
    (".x > .s", D1, "'10' (!!int) cannot be compared with 'hello' (!!str)", 3),
    (".bo > 1", D1, "'false' (!!bool) cannot be compared with '1' (!!int)", 4),
    ('.l | contains("a")', D1, "a list cannot contain 'a' (!!str)", 3),
    ('[1, "a"] | min', D1, "'a' (!!str) cannot be compared with '1' (!!int)", 9),
    (".x > .l", D1, "a list cannot be compared by >", 3),
]


@pytest.mark.parametrize(("expression", "document", "message", "position"), ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, document)

    assert (error.value.message, error.value.position) == (message, position)
