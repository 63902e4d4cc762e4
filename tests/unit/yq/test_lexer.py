"""Tokens of expressions."""

import pytest

from limavm.yq import ExpressionError
from limavm.yq.lexer import MAX_LENGTH, tokens


def seen(expression: str) -> list[tuple[str, str, str]]:
    return [(token.word.op or token.kind, token.text, token.flags) for token in tokens(expression)[:-1]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (".a.b-c", [("step", "a", ""), ("step", "b-c", "")]),
        ('.a? | ."x y"?', [("step", "a", "?"), ("|", "", ""), ("step", "x y", "?")]),
        (".a*", [("step", "a*", "")]),
        (".. ... .", [("..", "", ""), ("...", "", ""), (".", "", "")]),
        (".[0]?", [(".", "", ""), ("open", "[", ""), ("literal", "0", "!!int"), ("close", "]", "?")]),
        ("1 -1", [("literal", "1", "!!int"), ("-", "", ""), ("literal", "1", "!!int")]),
        ("* -1", [("*", "", ""), ("literal", "-1", "!!int")]),
        ("0x1F 2.5 1e3", [("literal", "0x1F", "!!int"), ("literal", "2.5", "!!float"), ("literal", "1e3", "!!float")]),
        ("True ~ NULL", [("literal", "True", "!!bool"), ("literal", "~", "!!null"), ("literal", "NULL", "!!null")]),
        ("*=+n *? =c |= ==", [("*=", "", "+n"), ("*", "", "?"), ("=", "", "c"), ("=", "", "|"), ("==", "", "")]),
        ('style="x"', [("assign_style", "", ""), ("string", "x", "")]),
        ("lineComment |= .", [("assign_comment", "line", "|"), (".", "", "")]),
        ("style == 1", [("style", "", ""), ("==", "", ""), ("literal", "1", "!!int")]),
        ("comments=", [("assign_comment", "all", "")]),
        ("$a-b", [("$", "a-b", "")]),
        ("env(HOME) flatten(2) parent", [("env", "HOME", ""), ("flatten", "2", ""), ("parent", "1", "")]),
        ("a # comment\n", None),
        (". # comment | foo\n", [(".", "", "")]),
        ("{a}", [("open", "{", ""), ("string", "a", ""), (":", "", ""), ("step", "a", ""), ("close", "}", "")]),
        ("to_json @base64d", [("encode", "json", "2"), ("decode", "base64", "")]),
        ("", []),
        (" \t\r\n", []),
    ],
)
def test_an_expression_is_cut_into_tokens(expression: str, expected: list[tuple[str, str, str]] | None) -> None:
    if expected is None:
        with pytest.raises(ExpressionError):
            tokens(expression)
    else:
        assert seen(expression) == expected


@pytest.mark.parametrize(
    ("expression", "position", "message"),
    [
        (".a | foo", 5, "there is no operator 'foo'"),
        ('.a == "x', 6, "this text has no closing quote"),
        (".a == 'x'", 6, '"\'" means nothing here'),
        ("$", 1, "the name of a variable is missing"),
        ("env", 3, "env needs the name of a variable: env(NAME)"),
        ("1" * 5000, 0, "this number is too large"),
        ("0xFFFFFFFFFFFFFFFFF", 0, "this number is too large"),
        ("comments", 0, "comments can only be assigned to"),
        (".a \x00", 3, "'\\x00' means nothing here"),
        ("é", 0, "'é' means nothing here"),
    ],
)
def test_what_is_no_token_is_an_error_at_its_place(expression: str, position: int, message: str) -> None:
    with pytest.raises(ExpressionError) as error:
        tokens(expression)

    assert (error.value.position, error.value.message) == (position, message)


def test_a_misspelled_operator_is_told_its_neighbours() -> None:
    with pytest.raises(ExpressionError) as error:
        tokens("selct(.a)")

    assert error.value.hint == "did you mean select?"


def test_an_expression_has_a_greatest_length() -> None:
    with pytest.raises(ExpressionError, match="longer than"):
        tokens("." * (MAX_LENGTH + 1))
