"""The input itself, literals, texts with expressions in them."""

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

CASES = [
    # (expression, document, result)
    (".", D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("1", D1, "1\n"),
    ("-1", D1, "-1\n"),
    ("1.5", D1, "1.5\n"),
    ("0x1F", D1, "0x1F\n"),
    ("1e3", D1, "1e3\n"),
    ("true", D1, "true\n"),
    ("TRUE", D1, "TRUE\n"),
    ("null", D1, "null\n"),
    ("~", D1, "~\n"),
    ('"x"', D1, "x\n"),
    ('"a\\nb"', D1, "a\nb\n"),
    ('"tab\\tq\\"q"', D1, 'tab\tq"q\n'),
    ('"back\\\\slash"', D1, "back\\slash\n"),
    ('"a\\(.a)b\\(.b)"', D1, "a1btwo\n"),
    ('"\\(.c.e)"', D1, "{f: 1.5, g: true}\n"),
    ('"\\(.nope)-"', D1, "null-\n"),
    ('"\\(.c.d[])"', D1, "x\n"),
    ('"\\(1 + (2))"', D1, "3\n"),
    ('"no \\( end"', D1, "no \\( end\n"),
    ('"esc \\\\(.a)"', D1, "esc \\(.a)\n"),
    ('"unknown \\d"', D1, "unknown \\d\n"),
    ('"\\(\\"in\\" + \\"ner\\")"', D1, "inner\n"),
    ('"é☃"', D1, "é☃\n"),
    ("empty", D1, ""),
    ("1, empty, 2", D1, "1\n2\n"),
    (".c.d | array_to_map", D1, "0: x\n1: y\n2: z\n"),
    ('[null, "x"] | array_to_map', D1, "1: x\n"),
    (".a # a comment", D1, "1\n"),
    ("(.a)", D1, "1\n"),
    ("((.a) + (1))", D1, "2\n"),
    ("# only a comment", D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    (".a\n| . + 1", D1, "2\n"),
    (".", "", ""),
    ("1", "", "1\n"),
    (".a", "", "null\n"),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
def test_a_literal_is_what_it_says(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ('"\\(.a +)"', D1, "the expression ends where a value is missing", 0),
    ('"\\(foo)"', D1, "there is no operator 'foo'", 0),
]


@pytest.mark.parametrize(("expression", "document", "message", "position"), ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, document)

    assert (error.value.message, error.value.position) == (message, position)
