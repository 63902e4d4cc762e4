import json

import pytest

from limavm.cli.output import json_text, table, without_empty_objects


def test_the_last_column_is_not_padded() -> None:
    assert table([("A", "LONGER", "Z"), ("one", "x", "")]) == "A      LONGER    Z\none    x         \n"


def test_json_on_one_line_and_indented() -> None:
    value = {"a": [1, None], "b": "ü<>&"}

    assert json_text(value) == '{"a":[1,null],"b":"ü<>&"}'
    assert json_text(value, pretty=True).startswith('{\n    "a": [\n')
    assert json.loads(json_text(value, pretty=True)) == value


def test_colours_tell_keys_from_values() -> None:
    text = json_text({"k": "v", "n": -1.5, "t": True, "q": 'a"b: 1'}, colour=True)

    assert '\x1b[36m"k"\x1b[0m: \x1b[32m"v"\x1b[0m' in text
    assert "\x1b[35m-1.5\x1b[0m" in text
    assert "\x1b[35mtrue\x1b[0m" in text
    assert '\x1b[32m"a\\"b: 1"\x1b[0m' in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": {}, "b": {"c": {}}, "d": 0}, {"d": 0}),
        ({"a": [], "b": "", "c": None, "d": False}, {"a": [], "b": "", "c": None, "d": False}),
        ([{}, {"a": {}}, 1], [1]),
        ({}, {}),
    ],
)
def test_empty_objects_vanish_at_every_depth_and_nothing_else_does(value: object, expected: object) -> None:
    assert without_empty_objects(value) == expected
