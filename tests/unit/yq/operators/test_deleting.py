"""`del` and `del_paths`."""

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
# above
a: cat # beside
b:
  # within
  c: 'one'
l:
  # first
  - p # pp
  - q
"""
D3 = """\
base: &b
  x: 1
  y: 2
der:
  <<: *b
  y: 3
  z: 4
ref: *b
"""
D4 = """\
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
    ("del(.a)", D1, "b: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.c.d[0])", D1, "a: 1\nb: two\nc:\n  d: [y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.c.d[0, 2])", D1, "a: 1\nb: two\nc:\n  d: [y]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.c.d[])", D1, "a: 1\nb: two\nc:\n  d: []\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.c.d[-1])", D1, "a: 1\nb: two\nc:\n  d: [x, y]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.nope)", D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.nope.x)", D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.a, .b)", D1, "c:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ('del(.c.d[] | select(. == "y"))', D1, "a: 1\nb: two\nc:\n  d: [x, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.c*)", D1, "a: 1\nb: two\nh: null\n"),
    ("del(.c.e.f) | del(.h)", D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {g: true}\n"),
    ('del_paths([["a"], ["c", "d", 0]])', D1, "b: two\nc:\n  d: [y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("delpaths([])", D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ('del_paths([["nope", "x"]])', D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.c | key)", D1, "a: 1\nb: two\nh: null\n"),
    ("del(.c.d[7])", D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("with(.c; del(.d))", D1, "a: 1\nb: two\nc:\n  e: {f: 1.5, g: true}\nh: null\n"),
    (".c |= del(.d)", D1, "a: 1\nb: two\nc:\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.)", D1, ""),
    ("del(..)", D1, ""),
    ("del(.a)", D2, "# above\n\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n"),
    ("del(.b)", D2, "# above\na: cat  # beside\nl:\n# first\n- p  # pp\n- q\n"),
    ("del(.l[0])", D2, "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n- q\n"),
    ("del(.l)", D2, "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\n"),
    ("del(.der.z)", D3, "base: &b\n  x: 1\n  y: 2\nder:\n  <<: *b\n  y: 3\nref: *b\n"),
    ("del(.ref)", D3, "base: &b\n  x: 1\n  y: 2\nder:\n  <<: *b\n  y: 3\n  z: 4\n"),
    ('del(.der["<<"])', D3, "base: &b\n  x: 1\n  y: 2\nder:\n  y: 3\n  z: 4\nref: *b\n"),
    ("del(.[] | select(.age == 10))", D4, "- name: al\n  age: 9\n"),
    ("map(del(.age))", D4, "- name: bob\n- name: al\n- name: cy\n  extra: yes\n"),
    ("del(.[].age)", D4, "- name: bob\n- name: al\n- name: cy\n  extra: yes\n"),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
def test_what_is_deleted_is_gone_and_the_rest_stays(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ('del_paths("a")', D1, 'del_paths needs a list of paths: [["a", 0], ["b"]]', 0),
    ('del_paths(["a"])', D1, "del_paths needs a path: a list of keys and numbers", 0),
    ("del_paths([[true]])", D1, "del_paths: a path consists of texts and whole numbers, not !!bool", 0),
    ('del(.c.d["x"])', D1, "a list cannot be indexed with 'x'", 6),
]


@pytest.mark.parametrize(("expression", "document", "message", "position"), ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, document)

    assert (error.value.message, error.value.position) == (message, position)
