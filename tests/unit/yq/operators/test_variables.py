"""Variables and `ireduce`."""

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
    (".a as $x | $x + 1", D1, "2\n"),
    ('.c.d[] as $x | $x + "1"', D1, "x1\ny1\nz1\n"),
    (".a as $x | .b as $y | [$x, $y]", D1, "- 1\n- two\n"),
    ('.nope as $x | "none"', D1, "none\n"),
    (".nope as $x | .a = $x | .a", D1, "1\n"),
    (".nope as $x | $x", D1, ""),
    (".c.e as $e | $e.f", D1, "1.5\n"),
    (".c.d as $l | $l[1]", D1, "y\n"),
    (".a as $x | .a = 5 | $x", D1, "1\n"),
    ('.c.d[] as $i ireduce (""; . + $i)', D1, "xyz\n"),
    (".c.d[] as $i ireduce ({}; .[$i] = 1)", D1, "x: 1\ny: 1\nz: 1\n"),
    (".nope[] as $i ireduce (7; . + $i)", D1, "7\n"),
    (".c ref $x | $x.d = 1 | .c", D1, "d: 1\ne: {f: 1.5, g: true}\n"),
    (".a as $x | .b as $x | $x", D1, "two\n"),
    ('[.c.d[] as $x | {"k": $x}]', D1, "- k: x\n- k: y\n- k: z\n"),
    (". as $r | .c | $r.a", D1, "1\n"),
    (".a as $x | (.c.d[] |= . + ($x | tostring)) | .c", D1, "d: [x1, y1, z1]\ne: {f: 1.5, g: true}\n"),
    (".[] as $p ireduce (0; . + $p.age)", D2, "29\n"),
    (".[0] as $f | map(select(.age == $f.age)) | length", D2, "2\n"),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
def test_a_variable_holds_what_it_was_given(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ("$nope", D1, "there is no variable $nope here", 0),
    (".a as $x", D1, "a variable is used in what follows it: `.a as $x | ...`", 3),
    (".a as .b | 1", D1, "as is followed by a variable: `.a as $x | ...`", 9),
    (".a ireduce (0; 1)", D1, "ireduce needs a variable: `.[] as $x ireduce (0; . + $x)`", 3),
    (".a as $x ireduce (0)", D1, "ireduce needs a start and an expression: `.[] as $x ireduce (0; . + $x)`", 9),
    (".a ref $x", D1, "a variable is used in what follows it: `.a ref $x | ...`", 3),
]


@pytest.mark.parametrize(("expression", "document", "message", "position"), ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, document)

    assert (error.value.message, error.value.position) == (message, position)
