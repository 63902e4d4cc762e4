"""Entries, keys, length, `pick` and `omit`."""

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
- name: bob
  age: 10
- name: al
  age: 9
- name: cy
  age: 10
  extra: yes
"""
D4 = """\
base: &b
  x: 1
  y: 2
der:
  <<: *b
  y: 3
  z: 4
ref: *b
"""

CASES = [
    # (expression, document, result)
    ("keys", D1, "- a\n- b\n- c\n- h\n"),
    (".c.d | keys", D1, "- 0\n- 1\n- 2\n"),
    ("length", D1, "4\n"),
    (".c.d | length", D1, "3\n"),
    (".b | length", D1, "3\n"),
    (".h | length", D1, "0\n"),
    (".a | length", D1, "1\n"),
    (".nope | length", D1, "0\n"),
    (".c.e | to_entries", D1, "- key: f\n  value: 1.5\n- key: g\n  value: true\n"),
    (".c.d | to_entries", D1, "- key: 0\n  value: x\n- key: 1\n  value: y\n- key: 2\n  value: z\n"),
    (".h | to_entries", D1, ""),
    (".c.e | to_entries | from_entries", D1, "f: 1.5\ng: true\n"),
    ('.c.e | with_entries(.key |= "k_" + .)', D1, "k_f: 1.5\nk_g: true\n"),
    ('.c.e | with_entries(select(.key == "f"))', D1, "f: 1.5\n"),
    (".c.e | with_entries(.value = 1)", D1, "f: 1\ng: 1\n"),
    (".c |= with_entries(.key |= upcase)", D1, "a: 1\nb: two\nc:\n  D: [x, y, z]\n  E: {f: 1.5, g: true}\nh: null\n"),
    (".h | with_entries(.)", D1, ""),
    ('.c | pick(["e"])', D1, "e: {f: 1.5, g: true}\n"),
    (".c.d | pick([2, 0, 9, -1])", D1, "[z, x]\n"),
    ('pick(["b", "nope", "a"])', D1, "b: two\na: 1\n"),
    ('.c | omit(["e"])', D1, "d: [x, y, z]\n"),
    (".c.d | omit([0, 9])", D1, "[y, z]\n"),
    ("omit([])", D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ('.a | omit(["x"])', D1, "1\n"),
    ('[{"key": 1, "value": 2}] | from_entries', D1, "1: 2\n"),
    ('.c.d | with_entries(.value |= . + "1")', D1, "0: x1\n1: y1\n2: z1\n"),
    ("keys[0]", D1, "a\n"),
    ("to_entries[1].key", D1, "b\n"),
    ('"é" | length', D1, "2\n"),
    ("del(.l) | to_entries", D2, "- key: a\n  value: cat  # beside\n- key: b\n  value:\n    # within\n    c: 'one'\n"),
    ("with_entries(.)", D2, "a: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n"),
    ('.b | with_entries(.key = "d")', D2, "d: 'one'\n"),
    (".b | keys", D2, "# within\n- c\n"),
    ('pick(["l"])', D2, "l:\n# first\n- p  # pp\n- q\n"),
    ('omit(["a", "b"])', D2, "l:\n# first\n- p  # pp\n- q\n"),
    ('with_entries(select(.key != "b"))', D2, "a: cat  # beside\nl:\n# first\n- p  # pp\n- q\n"),
    ("map(keys)", D3, "- - name\n  - age\n- - name\n  - age\n- - name\n  - age\n  - extra\n"),
    (".[0] | with_entries(.value |= tostring)", D3, 'name: bob\nage: "10"\n'),
    ('map(pick(["name"]))', D3, "- name: bob\n- name: al\n- name: cy\n"),
    ('map(omit(["name"]))', D3, "- age: 10\n- age: 9\n- age: 10\n  extra: yes\n"),
    (".ref | keys", D4, "- x\n- y\n"),
    (".ref | length", D4, "2\n"),
    (".ref | to_entries", D4, "- key: x\n  value: 1\n- key: y\n  value: 2\n"),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
def test_a_map_is_a_list_of_its_entries(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    (".b | keys", D1, "'two' (!!str) has no keys", 3),
    (".b | to_entries", D1, "'two' (!!str) has no entries", 3),
    (".c | from_entries", D1, "from_entries needs a list, and this is a map", 3),
    ('[{"key": 1}] | from_entries', D1, "entry 0 has no value", 13),
    ("[1] | from_entries", D1, "entry 0 has no key", 4),
    (".a | pick([1])", D1, "nothing can be picked from '1' (!!int)", 3),
    ('.c.d | pick(["x"])', D1, "'x' is no whole number", 5),
]


@pytest.mark.parametrize(("expression", "document", "message", "position"), ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, document)

    assert (error.value.message, error.value.position) == (message, position)
