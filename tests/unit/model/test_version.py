import pytest

from limavm.model.version import at_least, parse_version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.1.0", (2, 1, 0)),
        ("v2.1.0", (2, 1, 0)),
        ("2.1.0-beta.1", (2, 1, 0)),
        ("2.1.0-12-gabcdef.m", (2, 1, 0)),
        ("2.1.0.m", (2, 1, 0)),
        ("2.1", None),
        ("2", None),
        ("", None),
        ("a.b.c", None),
        ("1.2.3.4", None),
        ("-1.2.3", None),
        ("9" * 5000 + ".1.1", None),
    ],
)
def test_a_version_is_three_numbers(text: str, expected: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == expected


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("2.1.0", "2.1.0", True),
        ("2.1.0-rc.1", "2.1.0", True),
        ("2.0.9", "2.1.0", False),
        ("10.0.0", "9.9.9", True),
        ("", "1.0.0", False),
        ("", "", True),
        ("<unknown>", "2.1.0", True),
        ("1.0.0", "rubbish", True),
    ],
)
def test_an_unknown_version_is_new_and_an_empty_one_old(version: str, wanted: str, expected: bool) -> None:
    assert at_least(version, wanted) is expected
