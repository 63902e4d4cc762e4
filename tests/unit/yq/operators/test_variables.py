"""Variables and `ireduce`."""

from tests.unit.yq.documents import PEOPLE, PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

CASES = [
    # (expression, document, result)
    (".a as $x | $x + 1", PLAIN, "2\n"),
    ('.c.d[] as $x | $x + "1"', PLAIN, "x1\ny1\nz1\n"),
    (".a as $x | .b as $y | [$x, $y]", PLAIN, "- 1\n- two\n"),
    ('.nope as $x | "none"', PLAIN, "none\n"),
    (".nope as $x | .a = $x | .a", PLAIN, "1\n"),
    (".nope as $x | $x", PLAIN, ""),
    (".c.e as $e | $e.f", PLAIN, "1.5\n"),
    (".c.d as $l | $l[1]", PLAIN, "y\n"),
    (".a as $x | .a = 5 | $x", PLAIN, "1\n"),
    ('.c.d[] as $i ireduce (""; . + $i)', PLAIN, "xyz\n"),
    (".c.d[] as $i ireduce ({}; .[$i] = 1)", PLAIN, "x: 1\ny: 1\nz: 1\n"),
    (".nope[] as $i ireduce (7; . + $i)", PLAIN, "7\n"),
    (".c ref $x | $x.d = 1 | .c", PLAIN, "d: 1\ne: {f: 1.5, g: true}\n"),
    (".a as $x | .b as $x | $x", PLAIN, "two\n"),
    ('[.c.d[] as $x | {"k": $x}]', PLAIN, "- k: x\n- k: y\n- k: z\n"),
    (". as $r | .c | $r.a", PLAIN, "1\n"),
    (".a as $x | (.c.d[] |= . + ($x | tostring)) | .c", PLAIN, "d: [x1, y1, z1]\ne: {f: 1.5, g: true}\n"),
    (".[] as $p ireduce (0; . + $p.age)", PEOPLE, "29\n"),
    (".[0] as $f | map(select(.age == $f.age)) | length", PEOPLE, "2\n"),
]


@giving(CASES)
def test_a_variable_holds_what_it_was_given(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ("$nope", PLAIN, "there is no variable $nope here", 0),
    (".a as $x", PLAIN, "a variable is used in what follows it: `.a as $x | ...`", 3),
    (".a as .b | 1", PLAIN, "as is followed by a variable: `.a as $x | ...`", 9),
    (".a ireduce (0; 1)", PLAIN, "ireduce needs a variable: `.[] as $x ireduce (0; . + $x)`", 3),
    (".a as $x ireduce (0)", PLAIN, "ireduce needs a start and an expression: `.[] as $x ireduce (0; . + $x)`", 9),
    (".a ref $x", PLAIN, "a variable is used in what follows it: `.a ref $x | ...`", 3),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
