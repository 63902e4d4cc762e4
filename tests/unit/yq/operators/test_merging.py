"""`*`: products, repeated texts and deep merges."""

from tests.unit.yq.documents import ANCHORED, COMMENTED, PLAIN
from tests.unit.yq.expressions import failing, failure, giving, results

D3 = """\
a: !own x
b: !own {c: 1}
"""

CASES = [
    # (expression, document, result)
    (".a * 3", PLAIN, "3\n"),
    (".a * 2.5", PLAIN, "2.5\n"),
    (".b * 3", PLAIN, "twotwotwo\n"),
    ("3 * .b", PLAIN, "twotwotwo\n"),
    (".b * 0", PLAIN, "\n"),
    (".a * null", PLAIN, "1\n"),
    ('.c * {"e": {"f": 2}}', PLAIN, "d: [x, y, z]\ne: {f: 2, g: true}\n"),
    ('.c * {"d": ["n"]}', PLAIN, "d: [n]\ne: {f: 1.5, g: true}\n"),
    ('.c *+ {"d": ["n"]}', PLAIN, "d: [x, y, z, n]\ne: {f: 1.5, g: true}\n"),
    ('.c *d {"d": ["n"]}', PLAIN, "d: [n, y, z]\ne: {f: 1.5, g: true}\n"),
    ('.c *? {"d": ["n"], "no": 1}', PLAIN, "d: [n]\ne: {f: 1.5, g: true}\n"),
    ('.c *n {"d": ["n"], "no": 1}', PLAIN, "d: [x, y, z]\ne: {f: 1.5, g: true}\nno: 1\n"),
    ('.c *+n {"d": ["n"], "no": ["m"]}', PLAIN, "d: [x, y, z]\ne: {f: 1.5, g: true}\nno:\n- m\n"),
    ('.c *n+? {"d": ["n"], "no": 1}', PLAIN, "d: [x, y, z]\ne: {f: 1.5, g: true}\n"),
    ('. * {"h": {"i": 1}}', PLAIN, "a: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh:\n  i: 1\n"),
    ('{"z": 1} * .c', PLAIN, "z: 1\nd: [x, y, z]\ne:\n  f: 1.5\n  g: true\n"),
    ('.c.d * ["q"]', PLAIN, "[q]\n"),
    ('.c.d *+ ["q"]', PLAIN, "[x, y, z, q]\n"),
    ('.c.d *d ["q"]', PLAIN, "[q, y, z]\n"),
    ('.h * {"a": 1}', PLAIN, "a: 1\n"),
    (".h * [1]", PLAIN, "- 1\n"),
    ('. * {"c": 1}', PLAIN, "a: 1\nb: two\nc: 1\nh: null\n"),
    ('. * {"a": {"q": 1}}', PLAIN, "a:\n  q: 1\nb: two\nc:\n  d: [x, y, z]\n  e: {f: 1.5, g: true}\nh: null\n"),
    ('.c *=+ {"d": ["n"]}', PLAIN, PLAIN.replace("d: [x, y, z]", "d: [x, y, z, n]")),
    ('{} * {"a": {"b": {}}}', PLAIN, "a:\n  b: {}\n"),
    ('{"a": [{"n": 1, "m": 2}]} *d {"a": [{"n": 5}, {"k": 1}]}', PLAIN, "a:\n- n: 5\n  m: 2\n- k: 1\n"),
    (
        '. * {"a": "dog"}',
        COMMENTED,
        "# above\na: dog  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    (
        '. * {"b": {"d": 1}}',
        COMMENTED,
        "# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\n  d: 1\nl:\n# first\n- p  # pp\n- q\n",
    ),
    (
        ".b * .",
        COMMENTED,
        "# within\nc: 'one'\n# above\na: cat  # beside\nb:\n  # within\n  c: 'one'\nl:\n# first\n- p  # pp\n- q\n",
    ),
    ('. * {"a": "y"}', D3, "a: !own y\nb: !own {c: 1}\n"),
    ('. *c {"a": "y"}', D3, "a: y\nb: !own {c: 1}\n"),
    ('.b * {"c": 2}', D3, "!own {c: 2}\n"),
    ('.der * {"q": 1}', ANCHORED, "<<: *b\ny: 3\nz: 4\nq: 1\n"),
    (".base * .der", ANCHORED, "x: 1\ny: 3\n<<: *b\nz: 4\n"),
    ('{"base": {"x": 5}} * .', ANCHORED, ANCHORED),
    (".x * 2", "x: 0x10\n", "0x20\n"),
    (".x * 1.5", "x: 0x10\n", "24\n"),
]


@giving(CASES)
def test_what_the_right_side_has_is_merged_into_the_left(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    ('.b * "x"', PLAIN, "'two' (!!str) cannot be multiplied by 'x' (!!str)", 3),
    (".c * 1", PLAIN, "a map cannot be multiplied by '1' (!!int)", 3),
    (".a * .c", PLAIN, "'1' (!!int) cannot be multiplied by a map", 3),
    (".b * -1", PLAIN, "a text cannot be repeated -1 times", 3),
    ('"aaaa" * 9000000', PLAIN, "a text repeated 9000000 times is too long", 7),
    ("true * 1", PLAIN, "'true' (!!bool) cannot be multiplied by '1' (!!int)", 5),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
