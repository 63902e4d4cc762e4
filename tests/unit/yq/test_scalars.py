"""Scalars that carry their tag without saying it."""

import pytest

from limavm.roundtrip.nodes import Kind, Node, Style
from limavm.yq.scalars import is_true, real_tag, scalar, set_tag, set_value


@pytest.mark.parametrize(
    ("value", "tag", "style", "written"),
    [
        ("x", "!!str", Style.NONE, ""),
        ("1", "!!str", Style.DOUBLE, ""),
        ("", "!!str", Style.DOUBLE, ""),
        ("1", "!!int", Style.NONE, ""),
        ("5", "!!float", Style.NONE, "!!float"),
        ("x", "!own", Style.NONE, "!own"),
        ("null", "!!null", Style.NONE, ""),
    ],
)
def test_a_new_scalar_says_its_tag_only_where_it_must(value: str, tag: str, style: Style, written: str) -> None:
    node = scalar(value, tag)

    assert (node.full_tag, node.style, node.tag) == (tag, style, written)


def test_a_quoted_text_that_becomes_a_number_keeps_its_quotes_and_says_so() -> None:
    node = scalar("1", "!!str", Style.SINGLE)

    set_tag(node, "!!int")

    assert (node.full_tag, node.style, node.tag) == ("!!int", Style.SINGLE, "!!int")


def test_a_new_value_of_another_tag_loses_the_quotes() -> None:
    node = scalar("x", "!!str", Style.SINGLE)

    set_value(node, "3", "!!int")

    assert (node.value, node.full_tag, node.style) == ("3", "!!int", Style.NONE)


def test_a_tag_of_the_users_own_hides_what_the_value_is() -> None:
    assert real_tag(scalar("3", "!own")) == "!!int"
    assert real_tag(Node(kind=Kind.MAPPING, tag="!own")) == "!own"


@pytest.mark.parametrize(
    ("node", "true"),
    [
        (scalar("false", "!!bool"), False),
        (scalar("true", "!!bool"), True),
        (scalar("", "!!null"), False),
        (scalar("", "!!str"), True),
        (scalar("0", "!!int"), True),
        (Node(kind=Kind.MAPPING), True),
        (Node(kind=Kind.ALIAS, value="a", target=scalar("false", "!!bool")), False),
    ],
)
def test_only_null_and_false_are_false(node: Node, true: bool) -> None:
    assert is_true(node) is true
