"""Operators with regular expressions; what they give was compared with yq."""

import pytest

from limavm.yq import ExpressionError
from tests.unit.yq.expressions import results


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('"cat" | test("at")', "true\n"),
        ('"Cat" | test("cat"), ("Cat" | test("(?i)cat"))', "false\ntrue\n"),
        ('"hello" | sub("l"; "r")', "herro\n"),
        ('"hello" | sub("(?P<x>[eo])"; "<${x}>")', "h<e>ll<o>\n"),
        ('"a-b" | sub("(a)-(b)"; "$2-$1")', "b-a\n"),
        ('"baac" | sub("a*"; "-")', "-b-c-\n"),
        ('"aé!" | match("!")', 'string: "!"\noffset: 3\nlength: 1\ncaptures: []\n'),
        ('"xay" | match("(?P<n>a)(b)?") | .captures[1]', "string: null\noffset: -1\nlength: 0\n"),
        ('"xay" | match("(?P<n>a)") | .captures[0].name', "n\n"),
        ('["a1 b2" | match("[a-z](\\\\d)"; "g") | .string]', "- a1\n- b2\n"),
        ('"abc" | match("x")', ""),
        ('"a1" | capture("(?P<l>[a-z])(?P<d>\\\\d)(?P<z>z)?")', 'l: a\nd: "1"\nz: null\n'),
        ('["a1b2" | capture("(?P<d>\\\\d)"; "g")] | length', "2\n"),
        (r'"a\nb" | test("^b")', "false\n"),
    ],
)
def test_patterns_are_found(expression: str, expected: str) -> None:
    assert results(expression, "a: 1\n") == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('"a" | test("(")', "regular expression"),
        ('"a" | test("(?=a)")', "not known to RE2"),
        ('"a" | match("a"; "i")', "option 'i'"),
        (".a | test(\"a\")", "cannot match !!int"),
        ('"a" | sub("a")', "sub takes a pattern"),
        ('.l | sub("a"; "b")', "cannot substitute in !!seq"),
        # A long text and a pattern that keeps many threads alive: given up, and soon.
        ('("a" * 100000) | test("(a?){500}b")', "too many steps"),
    ],
)  # fmt: skip
def test_what_is_wrong_or_takes_too_long_is_an_error(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        results(expression, "a: 1\nl: []\n")
