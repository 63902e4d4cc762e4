"""String literals and the expressions in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.yq.interpolation import split, unescape


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"a\nb\tc", "a\nb\tc"),
        (r"\"", '"'),
        (r"\\", "\\"),
        (r"\\n", "\\n"),
        (r"\d\w", r"\d\w"),
        ("end\\", "end\\"),
        (r"\r\f\v\b\a", "\r\f\v\b\a"),
    ],
)
def test_escapes_mean_characters_and_unknown_ones_stay(raw: str, text: str) -> None:
    assert unescape(raw) == text


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        ("plain", [("plain", False)]),
        (r"a\(.b)c", [("a", False), (".b", True), ("c", False)]),
        (r"\((1) + (2))", [("(1) + (2)", True)]),
        (r"\(.a)\(.b)", [(".a", True), (".b", True)]),
        (r"\\(.a)", [("\\(.a)", False)]),
        (r"\(.a", [("\\(.a", False)]),
        (r"x \(test(\"\\)\"))", [("x ", False), ('test(")")', True)]),
        (r"\()", [("", True)]),
        ("", []),
    ],
)
def test_an_expression_stands_in_escaped_parentheses(raw: str, parts: list[tuple[str, bool]]) -> None:
    assert [(part.text, part.is_expression) for part in split(raw)] == parts


@given(st.text(alphabet='ab\\()"n'))
def test_any_text_has_parts(raw: str) -> None:
    assert all(part.text or part.is_expression for part in split(raw))
