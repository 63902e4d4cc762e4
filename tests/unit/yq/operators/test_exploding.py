"""`explode`: aliases and merge keys become what they stand for."""

from tests.unit.yq.documents import ANCHORED
from tests.unit.yq.expressions import giving, results

D2 = """\
a: &a {x: 1}
b: &b {y: 2, x: 3}
c:
  <<: [*a, *b]
  z: 4
d:
  x: 0
  <<: *b
"""
D3 = """\
a: &a [1, &n 2]
b: *a
c: *n
"""
D4 = """\
k: &k foo
*k : 1
"""

CASES = [
    # (expression, document, result)
    ("explode(.)", ANCHORED, "base:\n  x: 1\n  y: 2\nder:\n  x: 1\n  y: 3\n  z: 4\nref:\n  x: 1\n  y: 2\n"),
    ("explode(.der)", ANCHORED, ANCHORED.replace("<<: *b", "x: 1")),
    ("explode(.ref)", ANCHORED, "base: &b\n  x: 1\n  y: 2\nder:\n  <<: *b\n  y: 3\n  z: 4\nref:\n  x: 1\n  y: 2\n"),
    (
        "explode(.ref) | .ref.x = 9",
        ANCHORED,
        "base: &b\n  x: 1\n  y: 2\nder:\n  <<: *b\n  y: 3\n  z: 4\nref:\n  x: 9\n  y: 2\n",
    ),
    ("explode(.)", D2, "a: {x: 1}\nb: {y: 2, x: 3}\nc:\n  x: 1\n  y: 2\n  z: 4\nd:\n  x: 0\n  y: 2\n"),
    (".c.x", D2, "1\n"),
    (".d.x", D2, "0\n"),
    (".d.y", D2, "2\n"),
    ("explode(.)", D3, "a: [1, 2]\nb: [1, 2]\nc: 2\n"),
    ("explode(.)", D4, "k: foo\nfoo: 1\n"),
    ("explode(.)", "a: 1\n", "a: 1\n"),
]


@giving(CASES)
def test_aliases_become_what_they_refer_to(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result
