"""The input itself, literals, texts with expressions in them."""

from tests.unit.yq.documents import PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

CASES = [
    # (expression, document, result)
    (".", PLAIN, PLAIN),
    ("1", PLAIN, "1\n"),
    ("-1", PLAIN, "-1\n"),
    ("1.5", PLAIN, "1.5\n"),
    ("0x1F", PLAIN, "0x1F\n"),
    ("1e3", PLAIN, "1e3\n"),
    ("true", PLAIN, "true\n"),
    ("TRUE", PLAIN, "TRUE\n"),
    ("null", PLAIN, "null\n"),
    ("~", PLAIN, "~\n"),
    ('"x"', PLAIN, "x\n"),
    ('"a\\nb"', PLAIN, "a\nb\n"),
    ('"tab\\tq\\"q"', PLAIN, 'tab\tq"q\n'),
    ('"back\\\\slash"', PLAIN, "back\\slash\n"),
    ('"a\\(.a)b\\(.b)"', PLAIN, "a1btwo\n"),
    ('"\\(.c.e)"', PLAIN, "{f: 1.5, g: true}\n"),
    ('"\\(.nope)-"', PLAIN, "null-\n"),
    ('"\\(.c.d[])"', PLAIN, "x\n"),
    ('"\\(1 + (2))"', PLAIN, "3\n"),
    ('"no \\( end"', PLAIN, "no \\( end\n"),
    ('"esc \\\\(.a)"', PLAIN, "esc \\(.a)\n"),
    ('"unknown \\d"', PLAIN, "unknown \\d\n"),
    ('"\\(\\"in\\" + \\"ner\\")"', PLAIN, "inner\n"),
    ('"é☃"', PLAIN, "é☃\n"),
    ("empty", PLAIN, ""),
    ("1, empty, 2", PLAIN, "1\n2\n"),
    (".c.d | array_to_map", PLAIN, "0: x\n1: y\n2: z\n"),
    ('[null, "x"] | array_to_map', PLAIN, "1: x\n"),
    (".a # a comment", PLAIN, "1\n"),
    ("(.a)", PLAIN, "1\n"),
    ("((.a) + (1))", PLAIN, "2\n"),
    ("# only a comment", PLAIN, PLAIN),
    (".a\n| . + 1", PLAIN, "2\n"),
    (".", "", ""),
    ("1", "", "1\n"),
    (".a", "", "null\n"),
]


@giving(CASES)
def test_a_literal_is_what_it_says(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ('"\\(.a +)"', PLAIN, "the expression ends where a value is missing", 0),
    ('"\\(foo)"', PLAIN, "there is no operator 'foo'", 0),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
