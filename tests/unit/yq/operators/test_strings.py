"""Operators on texts; what they give was compared with yq."""

import pytest

from limavm.yq import ExpressionError
from tests.unit.yq.expressions import results

DOCUMENT = 'a: 1\ns: "hello world"\nl: [1, x, null, true]\nm: {k: v}\nblank: " x\\t"\n'


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('.s | split(" ")', "- hello\n- world\n"),
        ('.s | split(" ") | .[1]', "world\n"),
        ('"" | split(",")', "[]\n"),
        ('null | split(",")', ""),
        ('"abc" | split("")', "- a\n- b\n- c\n"),
        ('.l | join("-")', "1-x--true\n"),
        (".m.k as $x | .l | join($x)", "1vxvvtrue\n"),
        (".blank | trim", "x\n"),
        ('"é" | upcase', "É\n"),
        ('"ABC" | downcase | ascii_upcase', "ABC\n"),
        (".a | to_string | tag", "!!str\n"),
        ("[.a | to_string]", '- "1"\n'),
        (".m | to_string", "{k: v}\n"),
        ('"12" | to_number | tag', "!!int\n"),
        ('"1.5" | to_number + 1', "2.5\n"),
        ('["0x1F", "-3e2", "1_0"] | .[] | to_number', "0x1F\n-3e2\n1_0\n"),
        ("1.50 | to_number", "1.50\n"),
        (".m.k |= upcase | .m.k", "V\n"),
        ('.s as $x | "\\($x | upcase)!"', "HELLO WORLD!\n"),
    ],
)
def test_texts_are_changed(expression: str, expected: str) -> None:
    assert results(expression, DOCUMENT) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (".a | upcase", "cannot change the case of !!int"),
        (".a | trim", "cannot trim !!int"),
        ('.m | split(" ")', "cannot split !!map"),
        ('.s | join(",")', "cannot join !!str"),
        ('"x" | to_number', "'x' is no number"),
        (".m | to_number", "!!map is no number"),
    ],
)
def test_what_is_no_text_is_an_error(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        results(expression, DOCUMENT)
