import pytest

from limavm.roundtrip.scalars import implicit_tag


@pytest.mark.parametrize(
    ("tag", "values"),
    [
        ("!!null", ["", "~", "null", "Null", "NULL"]),
        ("!!bool", ["true", "False", "TRUE"]),
        ("!!int", ["0", "-1", "+1", "0x1F", "0o17", "017", "0b1", "1_000"]),
        ("!!float", ["1.5", ".5", "1.", "1e3", "-1.5E-3", ".inf", "-.INF", ".nan"]),
        ("!!timestamp", ["2001-12-14", "2001-12-14T21:59:43.10-05:00", "2001-12-14 21:59:43 Z"]),
        ("!!merge", ["<<"]),
        ("!!str", ["yes", "off", "nUll", "1:20", "0x", "1.2.3", "-", ".", "+", "e3", "v1", "2001-12", "1 "]),
    ],
)
def test_a_plain_scalar_has_the_type_of_the_core_schema(tag: str, values: list[str]) -> None:
    assert [value for value in values if implicit_tag(value) != tag] == []
