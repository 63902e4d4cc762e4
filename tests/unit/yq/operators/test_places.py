"""Where a candidate was found."""

import pytest

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
a: 1
---
a: 2
"""

CASES = [
    # (expression, document, result)
    (".c.d[1] | path", D1, "- c\n- d\n- 1\n"),
    ("path", D1, "[]\n"),
    ("[.c.e[] | path]", D1, "- - c\n  - e\n  - f\n- - c\n  - e\n  - g\n"),
    (".c.d[1] | key", D1, "1\n"),
    (".c.e | key", D1, "e\n"),
    (".c.e | key | path", D1, "- c\n- e\n"),
    (".c.d[] | key", D1, "0\n1\n2\n"),
    ("key", D1, ""),
    (".c.e.f | parent", D1, "{f: 1.5, g: true}\n"),
    (".c.e.f | parent | parent | keys", D1, "- d\n- e\n"),
    (".c.e.f | parent(2) | keys", D1, "- d\n- e\n"),
    (".c.e.f | parent(0)", D1, "1.5\n"),
    (".c.e.f | parent(9)", D1, ""),
    (".c.e.f | parent(-1) | keys", D1, "- a\n- b\n- c\n- h\n"),
    (".c.e.f | parent(-2) | keys", D1, "- d\n- e\n"),
    (".c.e.f | root | keys", D1, "- a\n- b\n- c\n- h\n"),
    ("[.c.e.f | parents[] | tag]", D1, '- "!!map"\n- "!!map"\n- "!!map"\n'),
    ("[.. | is_key] | unique", D1, "- false\n"),
    ("[... | is_key] | unique", D1, "- false\n- true\n"),
    (".c | line", D1, "4\n"),
    (".c.e.g | column", D1, "18\n"),
    (".b | line", D1, "2\n"),
    ("(.a + 1) | line", D1, "1\n"),
    ("di", D1, "0\n"),
    ("fi", D1, "0\n"),
    ("[.c.d[] | parent | length]", D1, "- 3\n- 3\n- 3\n"),
    (".c | split_doc", D1, "d: [x, y, z]\ne: {f: 1.5, g: true}\n"),
    (".c.d[] | split_doc", D1, "x\n---\ny\n---\nz\n"),
    ('.c.d | map({"v": .}) | .[] | splitDoc', D1, "v: x\n---\nv: y\n---\nv: z\n"),
    ('(.c.d | .[0] = "n") | path', D1, "- c\n- d\n"),
    (".c.d | map(path)", D1, "[[c, d, 0], [c, d, 1], [c, d, 2]]\n"),
    (".c.d as $x | $x | path", D1, "- c\n- d\n"),
    ("di", D2, "0\n---\n1\n"),
    (".a | di", D2, "0\n---\n1\n"),
    ("select(di == 1)", D2, "a: 2\n"),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
def test_a_candidate_knows_where_it_was_found(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result
