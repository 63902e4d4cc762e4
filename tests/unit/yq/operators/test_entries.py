"""Entries, keys, length, `pick` and `omit`."""

from tests.unit.yq.documents import ANCHORED, COMMENTED, PEOPLE, PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

#: Comments above the first key, which are said about the document, above another, and below.
HEADED = """\
# head
a: 1

# of b
b: 2
# foot
"""

CASES = [
    # (expression, document, result)
    ("keys", PLAIN, "- a\n- b\n- c\n- h\n"),
    (".c.d | keys", PLAIN, "- 0\n- 1\n- 2\n"),
    ("length", PLAIN, "4\n"),
    (".c.d | length", PLAIN, "3\n"),
    (".b | length", PLAIN, "3\n"),
    (".h | length", PLAIN, "0\n"),
    (".a | length", PLAIN, "1\n"),
    (".nope | length", PLAIN, "0\n"),
    (".c.e | to_entries", PLAIN, "- key: f\n  value: 1.5\n- key: g\n  value: true\n"),
    (".c.d | to_entries", PLAIN, "- key: 0\n  value: x\n- key: 1\n  value: y\n- key: 2\n  value: z\n"),
    (".h | to_entries", PLAIN, ""),
    (".c.e | to_entries | from_entries", PLAIN, "f: 1.5\ng: true\n"),
    ('.c.e | with_entries(.key |= "k_" + .)', PLAIN, "k_f: 1.5\nk_g: true\n"),
    ('.c.e | with_entries(select(.key == "f"))', PLAIN, "f: 1.5\n"),
    (".c.e | with_entries(.value = 1)", PLAIN, "f: 1\ng: 1\n"),
    (
        ".c |= with_entries(.key |= upcase)",
        PLAIN,
        "a: 1\nb: two\nc:\n  D: [x, y, z]\n  E: {f: 1.5, g: true}\nh: null\n",
    ),
    (".h | with_entries(.)", PLAIN, ""),
    ('.c | pick(["e"])', PLAIN, "e: {f: 1.5, g: true}\n"),
    (".c.d | pick([2, 0, 9, -1])", PLAIN, "[z, x]\n"),
    ('pick(["b", "nope", "a"])', PLAIN, "b: two\na: 1\n"),
    ('.c | omit(["e"])', PLAIN, "d: [x, y, z]\n"),
    (".c.d | omit([0, 9])", PLAIN, "[y, z]\n"),
    ("omit([])", PLAIN, PLAIN),
    ('.a | omit(["x"])', PLAIN, "1\n"),
    ('[{"key": 1, "value": 2}] | from_entries', PLAIN, "1: 2\n"),
    ('.c.d | with_entries(.value |= . + "1")', PLAIN, "0: x1\n1: y1\n2: z1\n"),
    ("keys[0]", PLAIN, "a\n"),
    ("to_entries[1].key", PLAIN, "b\n"),
    ('"é" | length', PLAIN, "2\n"),
    (
        "del(.l) | to_entries",
        COMMENTED,
        "# above\n- key: a\n  value: cat  # beside\n- key: b\n  value:\n    # within\n    c: 'one'\n",
    ),
    (
        "with_entries(.)",
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    ('.b | with_entries(.key = "d")', COMMENTED, "# within\nd: 'one'\n"),
    (".b | keys", COMMENTED, "# within\n- c\n"),
    ('pick(["l"])', COMMENTED, "# above\n\nl:\n# first\n- p  # pp\n- q\n"),
    ('omit(["a", "b"])', COMMENTED, "# above\n\nl:\n# first\n- p  # pp\n- q\n"),
    ('with_entries(select(.key != "b"))', COMMENTED, "# above\na: cat  # beside\nl:\n# first\n- p  # pp\n- q\n"),
    ("map(keys)", PEOPLE, "- - name\n  - age\n- - name\n  - age\n- - name\n  - age\n  - extra\n"),
    (".[0] | with_entries(.value |= tostring)", PEOPLE, 'name: bob\nage: "10"\n'),
    ('map(pick(["name"]))', PEOPLE, "- name: bob\n- name: al\n- name: cy\n"),
    ('map(omit(["name"]))', PEOPLE, "- age: 10\n- age: 9\n- age: 10\n  extra: yes\n"),
    (".ref | keys", ANCHORED, "- x\n- y\n"),
    (".ref | length", ANCHORED, "2\n"),
    ("with_entries(.)", HEADED, HEADED),
    ("to_entries | from_entries", HEADED, HEADED),
    ('with_entries(select(.key == "b"))', HEADED, "# head\n\n# of b\nb: 2\n# foot\n"),
    ('omit(["a"])', HEADED, "# head\n\n# of b\nb: 2\n# foot\n"),
    ('pick(["b", "a"])', HEADED, "# head\n\n# of b\nb: 2\n# foot\n\na: 1\n"),
    ('pick(["a"])', HEADED, "# head\na: 1\n"),
    (".ref | to_entries", ANCHORED, "- key: x\n  value: 1\n- key: y\n  value: 2\n"),
]


@giving(CASES)
def test_a_map_is_a_list_of_its_entries(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    (".b | keys", PLAIN, "'two' (!!str) has no keys", 3),
    (".b | to_entries", PLAIN, "'two' (!!str) has no entries", 3),
    (".c | from_entries", PLAIN, "from_entries needs a list, and this is a map", 3),
    ('[{"key": 1}] | from_entries', PLAIN, "entry 0 has no value", 13),
    ("[1] | from_entries", PLAIN, "entry 0 has no key", 4),
    (".a | pick([1])", PLAIN, "nothing can be picked from '1' (!!int)", 3),
    ('.c.d | pick(["x"])', PLAIN, "'x' is no whole number", 5),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
