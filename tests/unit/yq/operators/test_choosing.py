"""`select`, `filter`, `map`, `map_values`, `first`."""

import pytest

from limavm.yq import ExpressionError
from tests.unit.yq.expressions import results

D1 = """\
- name: bob
  age: 10
- name: al
  age: 9
- name: cy
  age: 10
  extra: yes
"""
D2 = """\
a: 1
b: two
c:
  d: [x, y, z]
  e: {f: 1.5, g: true}
h: null
"""

CASES = [
    # (expression, document, result)
    (".[] | select(.age > 9) | .name", D1, "bob\ncy\n"),
    ("map(select(.age == 10)) | length", D1, "2\n"),
    ("map(.name)", D1, "- bob\n- al\n- cy\n"),
    ('map({"n": .name})', D1, "- n: bob\n- n: al\n- n: cy\n"),
    ("map(.extra)", D1, "- null\n- null\n- yes\n"),
    ("map(.age, .name)", D1, "- 10\n- 9\n- 10\n- bob\n- al\n- cy\n"),
    ("filter(.age > 9)", D1, "- name: bob\n  age: 10\n- name: cy\n  age: 10\n  extra: yes\n"),
    ("filter(.nope)", D1, "[]\n"),
    ("first(.age == 9)", D1, "name: al\nage: 9\n"),
    ("first(.nope)", D1, ""),
    ('.[] |= pick(["name"])', D1, "- name: bob\n- name: al\n- name: cy\n"),
    ('map(has("extra"))', D1, "- false\n- false\n- true\n"),
    ("map(.age // 0)", D1, "- 10\n- 9\n- 10\n"),
    ("[.[] | .extra]", D1, "- null\n- null\n- yes\n"),
    ('map(select(.name == "*o*" or .extra))', D1, "- name: bob\n  age: 10\n- name: cy\n  age: 10\n  extra: yes\n"),
    ('.[] | select(has("extra") | not) | .name', D1, "bob\nal\n"),
    ("[.[] | select(.age == (9, 8)) | .name]", D1, "- al\n"),
    ("map_values(type)", D2, 'a: "!!int"\nb: "!!str"\nc: "!!map"\nh: "!!null"\n'),
    ('.c.d |= map_values(. + "1")', D2, "a: 1\nb: two\nc:\n  d: [x1, y1, z1]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("map_values(empty)", D2, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    (".c.e | map(.)", D2, "[1.5, true]\n"),
    (".c.e | filter(. == true)", D2, "[true]\n"),
    ('first(. == "two")', D2, "two\n"),
    (".c.d | first", D2, "x\n"),
    (".c | first", D2, "[x, y, z]\n"),
    (".a | map(.)", D2, "1\n"),
    ("[] | map(.x)", D2, "[]\n"),
    ("{} | map(.x)", D2, "{}\n"),
    ('.c.d | map(. + "x")', D2, "[xx, yx, zx]\n"),
    ('.c.d | filter(. == "x")', D2, "[x]\n"),
    ("select(.a == 1)", D2, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ("select(.a == 2)", D2, ""),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
def test_an_expression_is_used_on_each_child(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ("map(.name / 1)", D1, "'bob' (!!str) cannot be divided by '1' (!!int)", 10),
    (".[] | select(. > 1)", D1, "a map cannot be compared by >", 15),
]


@pytest.mark.parametrize(("expression", "document", "message", "position"), ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, document)

    assert (error.value.message, error.value.position) == (message, position)
