"""`del` and `del_paths`."""

from tests.unit.yq.documents import ANCHORED, COMMENTED, PEOPLE, PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

CASES = [
    # (expression, document, result)
    ("del(.a)", PLAIN, "b: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.c.d[0])", PLAIN, PLAIN.replace("d: [x, y, z]", "d: [y, z]")),
    ("del(.c.d[0, 2])", PLAIN, PLAIN.replace("d: [x, y, z]", "d: [y]")),
    ("del(.c.d[])", PLAIN, PLAIN.replace("d: [x, y, z]", "d: []")),
    ("del(.c.d[-1])", PLAIN, PLAIN.replace("d: [x, y, z]", "d: [x, y]")),
    ("del(.nope)", PLAIN, PLAIN),
    ("del(.nope.x)", PLAIN, PLAIN),
    ("del(.a, .b)", PLAIN, "c:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ('del(.c.d[] | select(. == "y"))', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [x, z]")),
    ("del(.c*)", PLAIN, "a: 1\nb: two\nh: null\n"),
    ("del(.c.e.f) | del(.h)", PLAIN, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {g: true}\n"),
    ('del_paths([["a"], ["c", "d", 0]])', PLAIN, "b: two\nc:\n  d: [y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("delpaths([])", PLAIN, PLAIN),
    ('del_paths([["nope", "x"]])', PLAIN, PLAIN),
    ("del(.c | key)", PLAIN, "a: 1\nb: two\nh: null\n"),
    ("del(.c.d[7])", PLAIN, PLAIN),
    ("with(.c; del(.d))", PLAIN, "a: 1\nb: two\nc:\n  e: {f: 1.5, g: true}\nh: null\n"),
    (".c |= del(.d)", PLAIN, "a: 1\nb: two\nc:\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("del(.)", PLAIN, ""),
    ("del(..)", PLAIN, ""),
    ("del(.a)", COMMENTED, "# above\n\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n"),
    ("del(.b)", COMMENTED, "# above\na: cat  # beside\nl:\n# first\n- p  # pp\n- q\n"),
    ("del(.l[0])", COMMENTED, "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n- q\n"),
    ("del(.l)", COMMENTED, "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\n"),
    ("del(.der.z)", ANCHORED, "base: &b\n  x: 1\n  y: 2\nder:\n  <<: *b\n  y: 3\nref: *b\n"),
    ("del(.ref)", ANCHORED, "base: &b\n  x: 1\n  y: 2\nder:\n  <<: *b\n  y: 3\n  z: 4\n"),
    ('del(.der["<<"])', ANCHORED, "base: &b\n  x: 1\n  y: 2\nder:\n  y: 3\n  z: 4\nref: *b\n"),
    ("del(.[] | select(.age == 10))", PEOPLE, "- name: al\n  age: 9\n"),
    ("map(del(.age))", PEOPLE, "- name: bob\n- name: al\n- name: cy\n  extra: yes\n"),
    ("del(.[].age)", PEOPLE, "- name: bob\n- name: al\n- name: cy\n  extra: yes\n"),
]


@giving(CASES)
def test_what_is_deleted_is_gone_and_the_rest_stays(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ('del_paths("a")', PLAIN, 'del_paths needs a list of paths: [["a", 0], ["b"]]', 0),
    ('del_paths(["a"])', PLAIN, "del_paths needs a path: a list of keys and numbers", 0),
    ("del_paths([[true]])", PLAIN, "del_paths: a path consists of texts and whole numbers, not !!bool", 0),
    ('del(.c.d["x"])', PLAIN, "a list cannot be indexed with 'x'", 6),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
