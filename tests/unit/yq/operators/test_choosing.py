"""`select`, `filter`, `map`, `map_values`, `first`."""

from tests.unit.yq.documents import PEOPLE, PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

CASES = [
    # (expression, document, result)
    (".[] | select(.age > 9) | .name", PEOPLE, "bob\ncy\n"),
    ("map(select(.age == 10)) | length", PEOPLE, "2\n"),
    ("map(.name)", PEOPLE, "- bob\n- al\n- cy\n"),
    ('map({"n": .name})', PEOPLE, "- n: bob\n- n: al\n- n: cy\n"),
    ("map(.extra)", PEOPLE, "- null\n- null\n- yes\n"),
    ("map(.age, .name)", PEOPLE, "- 10\n- 9\n- 10\n- bob\n- al\n- cy\n"),
    ("filter(.age > 9)", PEOPLE, "- name: bob\n  age: 10\n- name: cy\n  age: 10\n  extra: yes\n"),
    ("filter(.nope)", PEOPLE, "[]\n"),
    ("first(.age == 9)", PEOPLE, "name: al\nage: 9\n"),
    ("first(.nope)", PEOPLE, ""),
    ('.[] |= pick(["name"])', PEOPLE, "- name: bob\n- name: al\n- name: cy\n"),
    ('map(has("extra"))', PEOPLE, "- false\n- false\n- true\n"),
    ("map(.age // 0)", PEOPLE, "- 10\n- 9\n- 10\n"),
    ("[.[] | .extra]", PEOPLE, "- null\n- null\n- yes\n"),
    ('map(select(.name == "*o*" or .extra))', PEOPLE, "- name: bob\n  age: 10\n- name: cy\n  age: 10\n  extra: yes\n"),
    ('.[] | select(has("extra") | not) | .name', PEOPLE, "bob\nal\n"),
    ("[.[] | select(.age == (9, 8)) | .name]", PEOPLE, "- al\n"),
    ("map_values(type)", PLAIN, 'a: "!!int"\nb: "!!str"\nc: "!!map"\nh: "!!null"\n'),
    ('.c.d |= map_values(. + "1")', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [x1, y1, z1]")),
    ("map_values(empty)", PLAIN, PLAIN),
    (".c.e | map(.)", PLAIN, "[1.5, true]\n"),
    (".c.e | filter(. == true)", PLAIN, "[true]\n"),
    ('first(. == "two")', PLAIN, "two\n"),
    (".c.d | first", PLAIN, "x\n"),
    (".c | first", PLAIN, "[x, y, z]\n"),
    (".a | map(.)", PLAIN, "1\n"),
    ("[] | map(.x)", PLAIN, "[]\n"),
    ("{} | map(.x)", PLAIN, "{}\n"),
    ('.c.d | map(. + "x")', PLAIN, "[xx, yx, zx]\n"),
    ('.c.d | filter(. == "x")', PLAIN, "[x]\n"),
    ("select(.a == 1)", PLAIN, PLAIN),
    ("select(.a == 2)", PLAIN, ""),
]


@giving(CASES)
def test_an_expression_is_used_on_each_child(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ("map(.name / 1)", PEOPLE, "'bob' (!!str) cannot be divided by '1' (!!int)", 10),
    (".[] | select(. > 1)", PEOPLE, "a map cannot be compared by >", 15),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
