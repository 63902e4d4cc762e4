"""The environment, files, `eval` and `error`."""

import pytest

from limavm.yq import ExpressionError
from tests.unit.yq.documents import PLAIN
from tests.unit.yq.expressions import results

CASES = [
    # (expression, document, result)
    ('eval(".a")', PLAIN, "1\n"),
    ('eval("." + .b)', PLAIN, "null\n"),
    ('eval(".a", ".b")', PLAIN, "1\ntwo\n"),
    ('eval("")', PLAIN, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ('.c.d[] | eval(". + \\"1\\"")', PLAIN, "x1\ny1\nz1\n"),
    ('eval("eval(\\".a\\")")', PLAIN, "1\n"),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
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


@pytest.mark.parametrize(("expression", "document", "message", "position"), ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, document)

    assert (error.value.message, error.value.position) == (message, position)
