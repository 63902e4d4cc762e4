import math

import pytest

from limavm.roundtrip.build import MAX_VALUES, from_value, to_value
from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.nodes import mapping, sequence
from limavm.roundtrip.read import read


def value(text: str, limit: int = MAX_VALUES) -> object:
    (document,) = read(text.encode(), "t.yaml")
    assert document.root is not None
    return to_value(document.root, limit=limit)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[0x1F, 0o17, 017, 0b11, -0x1, 1_000, +3, 08]", [31, 15, 15, 3, -1, 1000, 3, 8]),
        ("[1.5, 1e3, .5, -.inf, .INF]", [1.5, 1000.0, 0.5, -math.inf, math.inf]),
        ("[true, False, yes, on, y]", [True, False, "yes", "on", "y"]),
        ("[~, null, '', \"null\"]", [None, None, "", "null"]),
        ("[2001-12-14, '1', !!str 1, !!int '3', !!float 3, !!bool yes]", ["2001-12-14", "1", "1", 3, 3.0, True]),
        ("[!local 3, !!null x, !!binary eA==]", ["3", None, "eA=="]),
        ("{1: a, ~: b}", {"1": "a", "~": "b"}),
        ("a: &a {k: 1, l: 2}\nb: &b {k: 3, m: 4}\nc: {<<: [*a, *b], l: 5}", None),
    ],
)
def test_types_are_those_of_the_core_schema(text: str, expected: object) -> None:
    if expected is None:
        found = value(text)
        assert isinstance(found, dict)
        assert found["c"] == {"k": 1, "l": 5, "m": 4}
    else:
        assert repr(value(text)) == repr(expected)


def test_not_a_number_is_read_and_made() -> None:
    assert repr(value(".nan")) == "nan"
    assert from_value(math.nan).value == ".nan"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: !!int x", "`x` is no !!int"),
        ("[a]: 1", "a key cannot be a list or a mapping"),
        ("a: {<<: 3}", "only a mapping, or a list of mappings, can be merged"),
    ],
)
def test_what_has_no_value_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        value(text)

    assert caught.value.message == message
    assert caught.value.line == 1


def test_aliases_that_multiply_a_text_without_end_are_refused() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))

    with pytest.raises(YamlError, match="more than"):
        value(bomb, limit=10_000)


def test_a_tree_that_contains_itself_is_refused() -> None:
    node = sequence()
    node.items.append(node)

    with pytest.raises(YamlError, match="nest deeper"):
        to_value(node)


def test_what_yaml_cannot_say_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="object"):
        from_value(object())


@pytest.mark.parametrize(
    "expected", [None, True, 0, -1, 1.5, 1e300, "", "1", "a\nb\n", [], {}, [[], {"a": [None]}], {"": "~", "k": "x: y"}]
)
def test_a_value_comes_back_from_its_node(expected: object) -> None:
    assert repr(to_value(from_value(expected))) == repr(expected)


def test_a_merge_key_that_is_quoted_is_a_key() -> None:
    assert to_value(from_value({"<<": {"a": 1}})) == {"<<": {"a": 1}}
    assert to_value(mapping()) == {}
