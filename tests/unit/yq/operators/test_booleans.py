"""`and`, `or`, `not`, `//`, `any`, `all`."""

import pytest

from limavm.yq import ExpressionError
from tests.unit.yq.expressions import results

D1 = """\
a: 1
b: two
c:
  d: [x, y, z]
  e: {f: 1.5, g: true}
h: null
"""
D2 = """\
[true, false]
"""
D3 = """\
- name: bob
  age: 10
- name: al
  age: 9
- name: cy
  age: 10
  extra: yes
"""

CASES = [
    # (expression, document, result)
    (".a and .h", D1, "false\n"),
    (".a and .b", D1, "true\n"),
    (".h or .nope", D1, "false\n"),
    (".h or .a", D1, "true\n"),
    (".nope or .a", D1, "true\n"),
    (".nope and .a", D1, "false\n"),
    (".a | not", D1, "false\n"),
    (".h | not", D1, "true\n"),
    (".nope | not", D1, "true\n"),
    (".c.e.g | not", D1, "false\n"),
    ('.h // "d"', D1, "d\n"),
    ('.nope // "d"', D1, "d\n"),
    ('.a // "d"', D1, "1\n"),
    ('.nope // .h // "z"', D1, "z\n"),
    ('(.c.e.g | not) // "f"', D1, "f\n"),
    ('(.a, .h) // "d"', D1, "1\nd\n"),
    (".nope // .nope", D1, "null\n"),
    ('.a == 1 and .b == "two"', D1, "true\n"),
    (".a == 1 | not", D1, "false\n"),
    ('"" | not', D1, "false\n"),
    ("0 | not", D1, "false\n"),
    ('true or error("x")', D1, "true\n"),
    ('false and error("x")', D1, "false\n"),
    ("any", D2, "true\n"),
    ("all", D2, "false\n"),
    ("any_c(. == false)", D2, "true\n"),
    ("all_c(. != null)", D2, "true\n"),
    ("map(not)", D2, "[false, true]\n"),
    ("any", "[]\n", "false\n"),
    ("all", "[]\n", "true\n"),
    ("any_c(.age > 9)", D3, "true\n"),
    ("all_c(.age > 9)", D3, "false\n"),
    ("all_c(.age > 8)", D3, "true\n"),
    ("all_c(select(.extra) | .age > 9)", D3, "true\n"),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
def test_all_but_null_and_false_is_true(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    (".c | any", D1, "any needs a list, and this is a map", 3),
    (".b | all", D1, "all needs a list, and this is 'two' (!!str)", 3),
    (".c | any_c(.)", D1, "any_c needs a list, and this is a map", 3),
]


@pytest.mark.parametrize(("expression", "document", "message", "position"), ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, document)

    assert (error.value.message, error.value.position) == (message, position)
