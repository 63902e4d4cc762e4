"""Comparison, `min` and `max`, `contains`, `has`."""

from tests.unit.yq.documents import NUMBERS
from tests.unit.yq.expressions import failing, failure, giving, results

D2 = """\
a: 2021-01-01T00:00:00Z
b: 2021-01-01T00:00:00+01:00
"""

CASES = [
    # (expression, document, result)
    (".x == 10", NUMBERS, "true\n"),
    ('.x == "10"', NUMBERS, "true\n"),
    (".x == 10.0", NUMBERS, "false\n"),
    ('.s == "hello"', NUMBERS, "true\n"),
    ('.s == "h*o"', NUMBERS, "true\n"),
    ('.s == "h?llo"', NUMBERS, "true\n"),
    ('.s != "h*"', NUMBERS, "false\n"),
    (".n == null", NUMBERS, "true\n"),
    (".nope == null", NUMBERS, "true\n"),
    ('.n == ""', NUMBERS, "false\n"),
    (".bo == false", NUMBERS, "true\n"),
    (".l == .l", NUMBERS, "false\n"),
    (".hex > 30", NUMBERS, "true\n"),
    (".x > .y", NUMBERS, "true\n"),
    (".x >= 10", NUMBERS, "true\n"),
    (".x < .f", NUMBERS, "false\n"),
    (".x <= 10", NUMBERS, "true\n"),
    ('.s > "abc"', NUMBERS, "true\n"),
    (".n > 1", NUMBERS, "false\n"),
    (".n >= null", NUMBERS, "true\n"),
    (".nope > 1", NUMBERS, "false\n"),
    (".nope >= .nope", NUMBERS, "true\n"),
    ("1 < .nope", NUMBERS, "false\n"),
    (".u > 2", NUMBERS, "true\n"),
    (".l | min", NUMBERS, "1\n"),
    (".l | max", NUMBERS, "2\n"),
    ('["b", "a"] | min', NUMBERS, "a\n"),
    ("[3, 1.5] | max", NUMBERS, "3\n"),
    ("[] | max", NUMBERS, ""),
    (".m | min", NUMBERS, "v\n"),
    ('.s | contains("ell")', NUMBERS, "true\n"),
    (".l | contains([2])", NUMBERS, "true\n"),
    (".l | contains([2, 9])", NUMBERS, "false\n"),
    ('.m | contains({"k": "v"})', NUMBERS, "true\n"),
    ('.m | contains({"k": "z"})', NUMBERS, "false\n"),
    ('.m | contains({"q": "z"})', NUMBERS, "false\n"),
    ('["cat", "dog"] | contains(["og"])', NUMBERS, "true\n"),
    ('{"a": [{"b": "cd"}]} | contains({"a": [{"b": "c"}]})', NUMBERS, "true\n"),
    (".x | contains(10)", NUMBERS, "true\n"),
    (".n | contains(null)", NUMBERS, "true\n"),
    ('.m | has("k")', NUMBERS, "true\n"),
    ('.m | has("z")', NUMBERS, "false\n"),
    (".l | has(1)", NUMBERS, "true\n"),
    (".l | has(2)", NUMBERS, "false\n"),
    ('.l | has("a")', NUMBERS, "false\n"),
    ('.s | has("a")', NUMBERS, "false\n"),
    (".m | has(empty)", NUMBERS, "false\n"),
    (".a > .b", D2, "true\n"),
    (".b < .a", D2, "true\n"),
    (".a == .b", D2, "false\n"),
    (".a >= .a", D2, "true\n"),
]


@giving(CASES)
def test_values_are_compared_as_numbers_or_texts(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    (".l > 1", NUMBERS, "a list cannot be compared by >", 3),
    (".m < .m", NUMBERS, "a map cannot be compared by <", 3),
    (".x > .s", NUMBERS, "'10' (!!int) cannot be compared with 'hello' (!!str)", 3),
    (".bo > 1", NUMBERS, "'false' (!!bool) cannot be compared with '1' (!!int)", 4),
    ('.l | contains("a")', NUMBERS, "a list cannot contain 'a' (!!str)", 3),
    ('[1, "a"] | min', NUMBERS, "'a' (!!str) cannot be compared with '1' (!!int)", 9),
    (".x > .l", NUMBERS, "a list cannot be compared by >", 3),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
