"""The environment, files, `eval` and `error`."""

from tests.unit.yq.documents import PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

CASES = [
    # (expression, document, result)
    ('eval(".a")', PLAIN, "1\n"),
    ('eval("." + .b)', PLAIN, "null\n"),
    ('eval(".a", ".b")', PLAIN, "1\ntwo\n"),
    ('eval("")', PLAIN, PLAIN),
    ('.c.d[] | eval(". + \\"1\\"")', PLAIN, "x1\ny1\nz1\n"),
    ('eval("eval(\\".a\\")")', PLAIN, "1\n"),
]


@giving(CASES)
def test_eval_evaluates_texts(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ('error("boom")', PLAIN, "boom", 0),
    ("error(.nope)", PLAIN, "aborted", 0),
    ('eval("foo")', PLAIN, "there is no operator 'foo'", 0),
    ('eval(".a +")', PLAIN, "the expression ends where a value is missing", 4),
    ('system("ls")', PLAIN, "operators that run programs are disabled", 0),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
