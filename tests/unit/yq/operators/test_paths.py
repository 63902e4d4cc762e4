"""Paths: keys, patterns, indices, slices, everything below."""

from tests.unit.yq.documents import ANCHORED, PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

D2 = """\
[5, 6, 7, 8]
"""
D3 = """\
my-key: 1
k.l: 2
"a b": 3
a?c: 4
abc: 5
"""

CASES = [
    # (expression, document, result)
    (".", PLAIN, PLAIN),
    (".a", PLAIN, "1\n"),
    (".c.d", PLAIN, "[x, y, z]\n"),
    (".c.d[0]", PLAIN, "x\n"),
    (".c.d[-1]", PLAIN, "z\n"),
    (".c.d[]", PLAIN, "x\ny\nz\n"),
    ('.c["e"]["g"]', PLAIN, "true\n"),
    (".c.e*", PLAIN, "{f: 1.5, g: true}\n"),
    (".c.*", PLAIN, "[x, y, z]\n{f: 1.5, g: true}\n"),
    ('."b"', PLAIN, "two\n"),
    ('.c.["d"][1]', PLAIN, "y\n"),
    (".c.d[0, 2]", PLAIN, "x\nz\n"),
    ('.c["d", "e"]', PLAIN, "[x, y, z]\n{f: 1.5, g: true}\n"),
    ('.c[("d", "e")] | type', PLAIN, "!!seq\n!!map\n"),
    (".c.d[.a]", PLAIN, "x\ny\nz\n"),
    (".missing", PLAIN, "null\n"),
    (".missing.deep", PLAIN, "null\n"),
    (".h.x", PLAIN, "null\n"),
    (".a.b", PLAIN, ""),
    (".c.d[7]", PLAIN, "null\n"),
    (".c.d.x?", PLAIN, ""),
    ('.c.d["x"]?', PLAIN, ""),
    ('.. | select(tag == "!!int")', PLAIN, "1\n"),
    (".c.e | ...", PLAIN, "{f: 1.5, g: true}\nf\n1.5\ng\ntrue\n"),
    (".c | ..", PLAIN, "d: [x, y, z]\ne: {f: 1.5, g: true}\n[x, y, z]\nx\ny\nz\n{f: 1.5, g: true}\n1.5\ntrue\n"),
    (".a, .b", PLAIN, "1\ntwo\n"),
    (".[1:3]", D2, "- 6\n- 7\n"),
    (".[:2]", D2, "- 5\n- 6\n"),
    (".[2:]", D2, "- 7\n- 8\n"),
    (".[-2:]", D2, "- 7\n- 8\n"),
    (".[:-1]", D2, "- 5\n- 6\n- 7\n"),
    (".[3:1]", D2, "[]\n"),
    (".[9:]", D2, "[]\n"),
    (".[1:] | .[0]", D2, "6\n"),
    (".[.[0] - 4]", D2, "6\n"),
    (".s[1:3]", "s: héllo\n", "él\n"),
    (".s[-2:]", "s: héllo\n", "lo\n"),
    (".s[:1]", "s: héllo\n", "h\n"),
    (".my-key", D3, "1\n"),
    ('."k.l"', D3, "2\n"),
    ('.["a b"]', D3, "3\n"),
    ('."a b"', D3, "3\n"),
    (".a?c", D3, "4\n5\n"),
    ('.["a*"]', D3, "3\n4\n5\n"),
    (".der.x", ANCHORED, "1\n"),
    (".der.y", ANCHORED, "3\n"),
    (".der[]", ANCHORED, "1\n3\n4\n"),
    (".ref.x", ANCHORED, "1\n"),
    (".ref[]", ANCHORED, "1\n2\n"),
    ('.der["<<"].y', ANCHORED, "2\n"),
]


@giving(CASES)
def test_a_path_leads_to_what_it_names(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    (".a", "[1]\n", "a list cannot be indexed with 'a'", 0),
    (".[-2]", "[1]\n", "there is no entry [-2] in a list of 1", 1),
    ('.["x"]', "[1]\n", "a list cannot be indexed with 'x'", 1),
    ('.[1:"x"]', "[1]\n", "'x' is no whole number", 1),
    (".a[0:1]", "a: {b: 1}\n", "a map cannot be sliced", 2),
    (".a[1:(1, 2)]", "a: {b: 1}\n", "a slice needs one number, not 2 results", 2),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
