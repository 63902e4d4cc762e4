import pytest

from limavm.errors import UserError
from limavm.mcp.pattern import Matcher, split


@pytest.mark.parametrize(
    ("part", "name", "is_match"),
    [
        ("*", "", True),
        ("*.py", "a.py", True),
        ("*.py", ".py", True),
        ("*.py", "a.pyc", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("?", "é", True),
        ("?", "", False),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("[!a-c]x", "dx", True),
        ("[]x", "", None),
        ("[a", "a", None),
        ("[a-]", "a", None),
        (r"[\]]", "]", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        ("a\\", "a", None),
    ],
)
def test_names_match_as_in_go(part: str, name: str, is_match: bool | None) -> None:
    if is_match is None:
        with pytest.raises(UserError, match="is wrong"):
            Matcher(part)
    else:
        assert Matcher(part).matches(name) is is_match


def test_a_pattern_of_many_stars_takes_no_longer_than_others() -> None:
    assert not Matcher("*a" * 60 + "b").matches("a" * 250)


@pytest.mark.parametrize(
    ("pattern", "up", "parts"),
    [
        ("*.py", 0, ["*.py"]),
        ("/a//b/./c", 0, ["a", "b", "c"]),
        ("../../x/*", 2, ["x", "*"]),
        ("a/../b", 0, ["b"]),
        ("**/x", 0, ["**", "x"]),
    ],
)
def test_a_pattern_has_parts(pattern: str, up: int, parts: list[str]) -> None:
    assert split(pattern) == (up, parts)


@pytest.mark.parametrize("pattern", ["", ".", "/", "a/.."])
def test_a_pattern_of_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(UserError, match="empty"):
        split(pattern)
