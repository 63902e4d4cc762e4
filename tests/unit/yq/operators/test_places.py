"""Where a candidate was found."""

from tests.unit.yq.documents import PLAIN
from tests.unit.yq.expressions import giving, results

D2 = """\
a: 1
---
a: 2
"""

CASES = [
    # (expression, document, result)
    (".c.d[1] | path", PLAIN, "- c\n- d\n- 1\n"),
    ("path", PLAIN, "[]\n"),
    ("[.c.e[] | path]", PLAIN, "- - c\n  - e\n  - f\n- - c\n  - e\n  - g\n"),
    (".c.d[1] | key", PLAIN, "1\n"),
    (".c.e | key", PLAIN, "e\n"),
    (".c.e | key | path", PLAIN, "- c\n- e\n"),
    (".c.d[] | key", PLAIN, "0\n1\n2\n"),
    ("key", PLAIN, ""),
    (".c.e.f | parent", PLAIN, "{f: 1.5, g: true}\n"),
    (".c.e.f | parent | parent | keys", PLAIN, "- d\n- e\n"),
    (".c.e.f | parent(2) | keys", PLAIN, "- d\n- e\n"),
    (".c.e.f | parent(0)", PLAIN, "1.5\n"),
    (".c.e.f | parent(9)", PLAIN, ""),
    (".c.e.f | parent(-1) | keys", PLAIN, "- a\n- b\n- c\n- h\n"),
    (".c.e.f | parent(-2) | keys", PLAIN, "- d\n- e\n"),
    (".c.e.f | root | keys", PLAIN, "- a\n- b\n- c\n- h\n"),
    ("[.c.e.f | parents[] | tag]", PLAIN, '- "!!map"\n- "!!map"\n- "!!map"\n'),
    ("[.. | is_key] | unique", PLAIN, "- false\n"),
    ("[... | is_key] | unique", PLAIN, "- false\n- true\n"),
    (".c | line", PLAIN, "4\n"),
    (".c.e.g | column", PLAIN, "18\n"),
    (".b | line", PLAIN, "2\n"),
    ("(.a + 1) | line", PLAIN, "1\n"),
    ("di", PLAIN, "0\n"),
    ("fi", PLAIN, "0\n"),
    ("[.c.d[] | parent | length]", PLAIN, "- 3\n- 3\n- 3\n"),
    (".c | split_doc", PLAIN, "d: [x, y, z]\ne: {f: 1.5, g: true}\n"),
    (".c.d[] | split_doc", PLAIN, "x\n---\ny\n---\nz\n"),
    ('.c.d | map({"v": .}) | .[] | splitDoc', PLAIN, "v: x\n---\nv: y\n---\nv: z\n"),
    ('(.c.d | .[0] = "n") | path', PLAIN, "- c\n- d\n"),
    (".c.d | map(path)", PLAIN, "[[c, d, 0], [c, d, 1], [c, d, 2]]\n"),
    (".c.d as $x | $x | path", PLAIN, "- c\n- d\n"),
    ("di", D2, "0\n---\n1\n"),
    (".a | di", D2, "0\n---\n1\n"),
    ("select(di == 1)", D2, "a: 2\n"),
]


@giving(CASES)
def test_a_candidate_knows_where_it_was_found(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result
