import pytest

from limavm.gotemplate.values import MISSING, show, type_name


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        (None, "<no value>", "nothing"),
        (MISSING, "<no value>", "nothing"),
        (True, "true", "a boolean"),
        (3, "3", "a number"),
        (0.5, "0.5", "a number"),
        (2.0, "2", "a number"),
        (1e30, "1e+30", "a number"),
        ("a", "a", "a text"),
        ({"b": 1, "a": [1, "x"]}, "map[a:[1 x] b:1]", "a mapping"),
        ((), "[]", "a list"),
    ],
)
def test_values_print_as_in_go(value: object, text: str, kind: str) -> None:
    assert show(value) == text
    assert type_name(value) == kind


def test_what_is_missing_is_false() -> None:
    assert not MISSING
    assert repr(MISSING) == "<no value>"
