"""`and`, `or`, `not`, `//`, `any`, `all`."""

from tests.unit.yq.documents import PEOPLE, PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

D2 = """\
[true, false]
"""

CASES = [
    # (expression, document, result)
    (".a and .h", PLAIN, "false\n"),
    (".a and .b", PLAIN, "true\n"),
    (".h or .nope", PLAIN, "false\n"),
    (".h or .a", PLAIN, "true\n"),
    (".nope or .a", PLAIN, "true\n"),
    (".nope and .a", PLAIN, "false\n"),
    (".a | not", PLAIN, "false\n"),
    (".h | not", PLAIN, "true\n"),
    (".nope | not", PLAIN, "true\n"),
    (".c.e.g | not", PLAIN, "false\n"),
    ('.h // "d"', PLAIN, "d\n"),
    ('.nope // "d"', PLAIN, "d\n"),
    ('.a // "d"', PLAIN, "1\n"),
    ('.nope // .h // "z"', PLAIN, "z\n"),
    ('(.c.e.g | not) // "f"', PLAIN, "f\n"),
    ('(.a, .h) // "d"', PLAIN, "1\nd\n"),
    (".nope // .nope", PLAIN, "null\n"),
    ('.a == 1 and .b == "two"', PLAIN, "true\n"),
    (".a == 1 | not", PLAIN, "false\n"),
    ('"" | not', PLAIN, "false\n"),
    ("0 | not", PLAIN, "false\n"),
    ('true or error("x")', PLAIN, "true\n"),
    ('false and error("x")', PLAIN, "false\n"),
    ("any", D2, "true\n"),
    ("all", D2, "false\n"),
    ("any_c(. == false)", D2, "true\n"),
    ("all_c(. != null)", D2, "true\n"),
    ("map(not)", D2, "[false, true]\n"),
    ("any", "[]\n", "false\n"),
    ("all", "[]\n", "true\n"),
    ("any_c(.age > 9)", PEOPLE, "true\n"),
    ("all_c(.age > 9)", PEOPLE, "false\n"),
    ("all_c(.age > 8)", PEOPLE, "true\n"),
    ("all_c(select(.extra) | .age > 9)", PEOPLE, "true\n"),
]


@giving(CASES)
def test_all_but_null_and_false_is_true(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    (".c | any", PLAIN, "any needs a list, and this is a map", 3),
    (".b | all", PLAIN, "all needs a list, and this is 'two' (!!str)", 3),
    (".c | any_c(.)", PLAIN, "any_c needs a list, and this is a map", 3),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
