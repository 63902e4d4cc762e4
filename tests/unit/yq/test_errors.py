"""Errors point at the character."""

import pytest

from limavm.yq.errors import ExpressionError, pointed


def test_the_caret_stands_below_the_character() -> None:
    error = ExpressionError("what is this", ".a | foo", 5)

    assert str(error) == "what is this\n  where: .a | foo\n              ^"
    assert str(error).split("\n")[1].index("foo") == str(error).split("\n")[2].index("^")


@pytest.mark.parametrize(
    ("expression", "position", "shown"),
    [
        ("abc", 3, "abc\n            ^"),
        ("a\nbcd\ne", 3, "bcd\n          ^"),
        ("a\tb", 2, "a b\n           ^"),
        ("", 0, "\n         ^"),
    ],
)
def test_only_the_line_of_the_character_is_shown(expression: str, position: int, shown: str) -> None:
    assert pointed(expression, position) == shown


def test_a_long_line_is_shown_around_the_character() -> None:
    line, caret = pointed("x" * 500 + "!" + "y" * 500, 500).split("\n")

    assert line == "x" * 50 + "!" + "y" * 49
    assert caret.index("^") == len("  where: ") + 50
