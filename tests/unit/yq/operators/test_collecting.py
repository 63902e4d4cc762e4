"""Construction of lists and maps."""

from tests.unit.yq.documents import PEOPLE, PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

CASES = [
    # (expression, document, result)
    ("[]", PLAIN, "[]\n"),
    ("{}", PLAIN, "{}\n"),
    ("[.a, .b]", PLAIN, "- 1\n- two\n"),
    ("[.c.d[]]", PLAIN, "- x\n- y\n- z\n"),
    ('[.c.d[] | . + "1"]', PLAIN, "- x1\n- y1\n- z1\n"),
    ('{"a": .a}', PLAIN, "a: 1\n"),
    ('{a: .a, "k": .b}', PLAIN, "a: 1\nk: two\n"),
    ("{a, b}", PLAIN, "a: 1\nb: two\n"),
    ("{(.b): .a}", PLAIN, "two: 1\n"),
    ('{"x": .c.d[]}', PLAIN, "x: x\nx: y\nx: z\n"),
    ("{(.c.d[]): 1}", PLAIN, "x: 1\ny: 1\nz: 1\n"),
    ('{"p": (1, 2), "q": ("a", "b")}', PLAIN, "p: 1\nq: a\np: 1\nq: b\np: 2\nq: a\np: 2\nq: b\n"),
    ('{"a": {"b": {"c": []}}}', PLAIN, "a:\n  b:\n    c: []\n"),
    ('{"a": 1, "a": 2}', PLAIN, "a: 2\n"),
    ('{"a": {"x": 1}, "a": {"y": 2}}', PLAIN, "a:\n  x: 1\n  y: 2\n"),
    ("[.nope]", PLAIN, "- null\n"),
    ('{"n": .nope}', PLAIN, "n: null\n"),
    ('[.c.d[] | {"v": .}]', PLAIN, "- v: x\n- v: y\n- v: z\n"),
    ('{"a": .a | . + 1}', PLAIN, "a: 2\n"),
    ('.x = {"y": [.a]}', PLAIN, PLAIN + "x:\n  y:\n  - 1\n"),
    ('{name: "n", tag: "t", length: 3}', PLAIN, "name: n\ntag: t\nlength: 3\n"),
    ("[empty]", PLAIN, "[]\n"),
    ("empty | [1]", PLAIN, "[]\n"),
    ("[[1], [[]]]", PLAIN, "- - 1\n- - []\n"),
    ("{1: 2}", PLAIN, "1: 2\n"),
    ('{"a b": 1}', PLAIN, "a b: 1\n"),
    ('[.. | select(tag == "!!str")]', PLAIN, "- two\n- x\n- y\n- z\n"),
    ('{"t": "true", "n": "1", "e": ""}', PLAIN, 't: "true"\nn: "1"\ne: ""\n'),
    (".[] | [.name]", PEOPLE, "- bob\n- al\n- cy\n"),
    ('.[] | {"n": .name}', PEOPLE, "n: bob\nn: al\nn: cy\n"),
    ("map({})", PEOPLE, "- {}\n- {}\n- {}\n"),
    ('{"all": [.[].name]}', PEOPLE, "all:\n- bob\n- al\n- cy\n"),
    ("[.a]", "a: 1 # c\n", "- 1  # c\n"),
    ('{"b": .a}', "a: 1 # c\n", "b: 1  # c\n"),
]


@giving(CASES)
def test_a_list_or_a_map_is_made_for_each_candidate(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ("{.a}", PLAIN, 'an entry of {...} is a key and a value: {"a": 1}', 0),
    ('{"a"}', PLAIN, 'an entry of {...} is a key and a value: {"a": 1}', 0),
    ('{"a": 1, .b}', PLAIN, 'an entry of {...} is a key and a value: {"a": 1}', 0),
    ('{"a": 1; "b": 2}', PLAIN, 'an entry of {...} is a key and a value: {"a": 1}', 0),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
