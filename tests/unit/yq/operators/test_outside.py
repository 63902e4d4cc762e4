"""The environment, files, `eval` and `error`."""

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
    ('eval(".a")', D1, "1\n"),
    ('eval("." + .b)', D1, "null\n"),
    ('eval(".a", ".b")', D1, "1\ntwo\n"),
    ('eval("")', D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ('.c.d[] | eval(". + \\"1\\"")', D1, "x1\ny1\nz1\n"),
    ('eval("eval(\\".a\\")")', D1, "1\n"),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
def test_eval_evaluates_texts(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ('error("boom")', D1, "boom", 0),
    ("error(.nope)", D1, "aborted", 0),
    ('eval("foo")', D1, "there is no operator 'foo'", 0),
    ('eval(".a +")', D1, "the expression ends where a value is missing", 4),
    ('system("ls")', D1, "operators that run programs are disabled", 0),
]


@pytest.mark.parametrize(("expression", "document", "message", "position"), ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, document)

    assert (error.value.message, error.value.position) == (message, position)
