"""Construction of lists and maps."""

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
    ("[]", D1, "[]\n"),
    ("{}", D1, "{}\n"),
    ("[.a, .b]", D1, "- 1\n- two\n"),
    ("[.c.d[]]", D1, "- x\n- y\n- z\n"),
    ('[.c.d[] | . + "1"]', D1, "- x1\n- y1\n- z1\n"),
    ('{"a": .a}', D1, "a: 1\n"),
    ('{a: .a, "k": .b}', D1, "a: 1\nk: two\n"),
    ("{a, b}", D1, "a: 1\nb: two\n"),
    ("{(.b): .a}", D1, "two: 1\n"),
    ('{"x": .c.d[]}', D1, "x: x\nx: y\nx: z\n"),
    ("{(.c.d[]): 1}", D1, "x: 1\ny: 1\nz: 1\n"),
    ('{"p": (1, 2), "q": ("a", "b")}', D1, "p: 1\nq: a\np: 1\nq: b\np: 2\nq: a\np: 2\nq: b\n"),
    ('{"a": {"b": {"c": []}}}', D1, "a:\n  b:\n    c: []\n"),
    ('{"a": 1, "a": 2}', D1, "a: 2\n"),
    ('{"a": {"x": 1}, "a": {"y": 2}}', D1, "a:\n  x: 1\n  y: 2\n"),
    ("[.nope]", D1, "- null\n"),
    ('{"n": .nope}', D1, "n: null\n"),
    ('[.c.d[] | {"v": .}]', D1, "- v: x\n- v: y\n- v: z\n"),
    ('{"a": .a | . + 1}', D1, "a: 2\n"),
    ('.x = {"y": [.a]}', D1, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\nx:\n  y:\n  - 1\n"),
    ('{name: "n", tag: "t", length: 3}', D1, "name: n\ntag: t\nlength: 3\n"),
    ("[empty]", D1, "[]\n"),
    ("empty | [1]", D1, "[]\n"),
    ("[[1], [[]]]", D1, "- - 1\n- - []\n"),
    ("{1: 2}", D1, "1: 2\n"),
    ('{"a b": 1}', D1, "a b: 1\n"),
    ('[.. | select(tag == "!!str")]', D1, "- two\n- x\n- y\n- z\n"),
    ('{"t": "true", "n": "1", "e": ""}', D1, 't: "true"\nn: "1"\ne: ""\n'),
    (".[] | [.name]", D2, "- bob\n- al\n- cy\n"),
    ('.[] | {"n": .name}', D2, "n: bob\nn: al\nn: cy\n"),
    ("map({})", D2, "- {}\n- {}\n- {}\n"),
    ('{"all": [.[].name]}', D2, "all:\n- bob\n- al\n- cy\n"),
    ("[.a]", "a: 1 # c\n", "- 1  # c\n"),
    ('{"b": .a}', "a: 1 # c\n", "b: 1  # c\n"),
]


@pytest.mark.parametrize(("expression", "document", "result"), CASES)
def test_a_list_or_a_map_is_made_for_each_candidate(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ("{.a}", D1, 'an entry of {...} is a key and a value: {"a": 1}', 0),
    ('{"a"}', D1, 'an entry of {...} is a key and a value: {"a": 1}', 0),
    ('{"a": 1, .b}', D1, 'an entry of {...} is a key and a value: {"a": 1}', 0),
    ('{"a": 1; "b": 2}', D1, 'an entry of {...} is a key and a value: {"a": 1}', 0),
]


@pytest.mark.parametrize(("expression", "document", "message", "position"), ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    with pytest.raises(ExpressionError) as error:
        results(expression, document)

    assert (error.value.message, error.value.position) == (message, position)
