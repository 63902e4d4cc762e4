"""`+ - / %` on numbers, texts, lists, maps and dates."""

from tests.unit.yq.documents import NUMBERS
from tests.unit.yq.expressions import failing, failure, giving, results

D2 = """\
t: 2021-01-01T03:10:00Z
d: 2021-01-01
"""
D3 = """\
a: ['x', 'y']
b: ["p"]
"""
D4 = """\
t: 2021-01-01T03:10:00Z
"""

CASES = [
    # (expression, document, result)
    (".x + .y", NUMBERS, "13\n"),
    (".x - .y", NUMBERS, "7\n"),
    (".x / .y", NUMBERS, "3.3333333333333335\n"),
    (".x % .y", NUMBERS, "1\n"),
    (".x + .f", NUMBERS, "12.5\n"),
    (".x - .f", NUMBERS, "7.5\n"),
    (".f / .y", NUMBERS, "0.8333333333333334\n"),
    (".f % 2", NUMBERS, "0.5\n"),
    (".s + .s", NUMBERS, "hellohello\n"),
    (".s + .x", NUMBERS, "hello10\n"),
    (".x + .s", NUMBERS, "10hello\n"),
    (".n + 1", NUMBERS, "1\n"),
    (".n + .s", NUMBERS, "hello\n"),
    (".s + .n", NUMBERS, "hello\n"),
    (".hex + 1", NUMBERS, "0x20\n"),
    (".oct + 1", NUMBERS, "0o20\n"),
    (".hex - .oct", NUMBERS, "0x10\n"),
    (".neg + .x", NUMBERS, "6\n"),
    (".neg % 3", NUMBERS, "-1\n"),
    (".l + 4", NUMBERS, "[1, 2, 4]\n"),
    (".l + [4, 5]", NUMBERS, "[1, 2, 4, 5]\n"),
    (".l + null", NUMBERS, "[1, 2]\n"),
    ('.l + {"a": 1}', NUMBERS, "[1, 2, {a: 1}]\n"),
    (".l - [2]", NUMBERS, "[1]\n"),
    ('.m + {"k2": 1}', NUMBERS, "{k: v, k2: 1}\n"),
    ('.m + {"k": null}', NUMBERS, "{k: null}\n"),
    (".u + 1", NUMBERS, "4\n"),
    (".u + .f", NUMBERS, "5.5\n"),
    (".n - 3", NUMBERS, "3\n"),
    ("10 - 3 - 2", NUMBERS, "9\n"),
    ("2 * 3 + 1", NUMBERS, "8\n"),
    ("1e3", NUMBERS, "1e3\n"),
    ("100000 * 1000000.0", NUMBERS, "1e+11\n"),
    ("1 / 3", NUMBERS, "0.3333333333333333\n"),
    ("4 / 2", NUMBERS, "2\n"),
    ("-1 * -.x", NUMBERS, "10\n"),
    (".x -1", NUMBERS, "9\n"),
    (".x-1", NUMBERS, "null\n"),
    ('"a.b.c" / "."', NUMBERS, "- a\n- b\n- c\n"),
    ('"abc" / ""', NUMBERS, "- a\n- b\n- c\n"),
    (".nope + 1", NUMBERS, "1\n"),
    ("1 + .nope", NUMBERS, "1\n"),
    (".x + (1, 2)", NUMBERS, "11\n12\n"),
    ('[{"a": 1}] - [{"a": 1}]', NUMBERS, "[]\n"),
    ('{"v": 10 / 5}', NUMBERS, "v: !!float 2\n"),
    ('"1" + "2"', NUMBERS, "12\n"),
    ("[.l[] + 1]", NUMBERS, "- 2\n- 3\n"),
    ('.t + "3h10m"', D2, "2021-01-01T06:20:00Z\n"),
    ('.t - "24h"', D2, "2020-12-31T03:10:00Z\n"),
    ('.t += "1s"', D2, "t: 2021-01-01T03:10:01Z\nd: 2021-01-01\n"),
    ('.d + "48h"', D2, "2021-01-03T00:00:00Z\n"),
    ('.a + "z"', D3, "['x', 'y', 'z']\n"),
    (".b + .a", D3, "[\"p\", 'x', 'y']\n"),
    ('.b += "w"', D3, "a: ['x', 'y']\nb: [\"p\", \"w\"]\n"),
    (".a + 1", "a: .inf\n", ".inf\n"),
    (".a * 0", "a: .inf\n", ".nan\n"),
    ("1 / 0", "a: .inf\n", ".inf\n"),
    ("-1 / 0", "a: .inf\n", "-.inf\n"),
    ("0 / 0", "a: .inf\n", ".nan\n"),
    ("0.0 / 0", "a: .inf\n", ".nan\n"),
]


@giving(CASES)
def test_a_result_has_the_kind_and_the_style_of_the_left_side(expression: str, document: str, result: str) -> None:
    assert results(expression, document) == result


ERRORS = [
    # (expression, document, message, position)
    (".m + 1", NUMBERS, "'1' (!!int) cannot be added to a map", 3),
    (".x + .l", NUMBERS, "a list cannot be added to '10' (!!int)", 3),
    ('.s - "h"', NUMBERS, "'h' (!!str) cannot be subtracted from 'hello' (!!str)", 3),
    (".s / 2", NUMBERS, "'hello' (!!str) cannot be divided by '2' (!!int)", 3),
    (".m - 1", NUMBERS, "'1' (!!int) cannot be subtracted from a map", 3),
    (".l - 1", NUMBERS, "'1' (!!int) cannot be subtracted from a list", 3),
    (".n / 2", NUMBERS, "null cannot be divided by '2' (!!int)", 3),
    (".n % 2", NUMBERS, "null cannot be taken modulo '2' (!!int)", 3),
    (".x % 0", NUMBERS, "nothing can be taken modulo 0", 3),
    ("1 + .n", NUMBERS, "null cannot be added to '1' (!!int)", 2),
    (".bo + 1", NUMBERS, "'1' (!!int) cannot be added to 'false' (!!bool)", 4),
    (".m / .m", NUMBERS, "a map cannot be divided by a map", 3),
    ("9223372036854775807 + 1", NUMBERS, "a whole number of more than 64 bits", 20),
    ('.t + "3 days"', D4, "a date cannot be moved by '3 days'", 3),
    ('.t + "99999999h"', D4, "a date cannot be moved by '99999999h'", 3),
]


@failing(ERRORS)
def test_what_cannot_be_done_is_an_error_at_the_operator(
    expression: str, document: str, message: str, position: int
) -> None:
    assert failure(expression, document) == (message, position)
