"""Sorting, grouping and rearranging."""

from tests.unit.yq.documents import PEOPLE
from tests.unit.yq.expressions import failing, failure, giving, results

D2 = """\
[3, 1, "b", null, true, "a", false, 1.5, 0x10]
"""
D3 = """\
["10", 9, "8", 9.5]
"""
D4 = """\
b: 2
a: 1
c: {z: 1, y: 2}
"""
D5 = """\
[1, 1, 2, "1", [1], [1], {"a": 1}, {"a": 1}]
"""
D6 = """\
[1, [2, [3, [4]]]]
"""
D7 = """\
[[1, 2], [3, 4, 5]]
"""
D8 = """\
[{"a": 1}, {"a": 2, "b": 3}]
"""
D9 = """\
[2021-01-02, 2021-01-01T00:00:00Z]
"""

CASES = [
    # (expression, document, result)
    ("sort_by(.name)", PEOPLE, "- name: al\n  age: 9\n- name: bob\n  age: 10\n- name: cy\n  age: 10\n  extra: yes\n"),
    ("sort_by(.age)", PEOPLE, "- name: al\n  age: 9\n- name: bob\n  age: 10\n- name: cy\n  age: 10\n  extra: yes\n"),
    ("sort_by(.age, .name) | map(.name)", PEOPLE, "- al\n- bob\n- cy\n"),
    ("sort_by(.nope)", PEOPLE, PEOPLE),
    ("sort_by(.extra) | map(.name)", PEOPLE, "- bob\n- al\n- cy\n"),
    (
        "group_by(.age)",
        PEOPLE,
        "- - name: bob\n    age: 10\n  - name: cy\n    age: 10\n    extra: yes\n- - name: al\n    age: 9\n",
    ),
    ("group_by(.extra) | length", PEOPLE, "2\n"),
    ("unique_by(.age)", PEOPLE, "- name: bob\n  age: 10\n- name: al\n  age: 9\n"),
    ("reverse | map(.name)", PEOPLE, "- cy\n- al\n- bob\n"),
    ("map(.age) | unique", PEOPLE, "- 10\n- 9\n"),
    ("sort", D2, '[null, false, true, 1, 1.5, 3, 0x10, "a", "b"]\n'),
    ("reverse", D2, '[0x10, 1.5, false, "a", true, null, "b", 1, 3]\n'),
    ("unique | length", D2, "9\n"),
    ("sort", D3, '["10", "8", 9, 9.5]\n'),
    ("sort", D4, "c: {z: 1, y: 2}\na: 1\nb: 2\n"),
    ("sort_keys(.)", D4, "a: 1\nb: 2\nc: {z: 1, y: 2}\n"),
    ("sort_keys(..)", D4, "a: 1\nb: 2\nc: {y: 2, z: 1}\n"),
    ("sort_keys(.c)", D4, "b: 2\na: 1\nc: {y: 2, z: 1}\n"),
    ("sort_by(tag)", D4, D4),
    ("sort_keys(.b)", D4, D4),
    ("unique", D5, '[1, 2, [1], {"a": 1}]\n'),
    ("unique_by(tag)", D5, '[1, "1", [1], {"a": 1}]\n'),
    ("unique_by(empty)", D5, "[1]\n"),
    ("flatten", D6, "[1, 2, 3, 4]\n"),
    ("flatten(1)", D6, "[1, 2, [3, [4]]]\n"),
    ("flatten(0)", D6, "[1, [2, [3, [4]]]]\n"),
    (".[1] |= flatten", D6, "[1, [2, 3, 4]]\n"),
    ("pivot", D7, "- - 1\n  - 3\n- - 2\n  - 4\n- -\n  - 5\n"),
    ("pivot", D8, "a:\n- 1\n- 2\nb:\n-\n- 3\n"),
    ("reverse", "[a, b] # c\n", "[b, a]  # c\n"),
    ("sort", "[a, b] # c\n", "[a, b]  # c\n"),
    ("unique", "[a, b] # c\n", "[a, b]  # c\n"),
    ("sort", D9, "[2021-01-01T00:00:00Z, 2021-01-02]\n"),
]


@giving(CASES)
def test_children_are_brought_into_order(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    (".a | sort", "a: 1\n", "'1' (!!int) cannot be sorted", 3),
    (".a | reverse", "a: 1\n", "'1' (!!int) cannot be reversed, only a list", 3),
    (". | unique", "a: 1\n", "a map cannot be made unique, only a list", 2),
    (". | group_by(.x)", "a: 1\n", "a map cannot be grouped, only a list", 2),
    (". | flatten", "a: 1\n", "a map cannot be flattened, only a list", 2),
    ("pivot", "a: 1\n", "a map cannot be pivoted, only a list", 0),
    ("[] | pivot", "a: 1\n", "pivot needs a list of lists, or a list of maps", 3),
    ("[1, [2]] | pivot", "a: 1\n", "pivot needs a list of lists, or a list of maps", 9),
    ("[1] | pivot", "a: 1\n", "pivot needs a list of lists, or a list of maps", 4),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
