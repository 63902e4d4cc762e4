"""When nodes are the same value, and when a name fits a pattern."""

import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.roundtrip.nodes import Node
from limavm.roundtrip.read import read
from limavm.yq.context import CLOSED
from limavm.yq.equality import equal, find_item, find_key, fits
from limavm.yq.evaluator import Evaluator
from limavm.yq.parser import parse
from limavm.yq.scalars import scalar


def node(text: str) -> Node:
    root = read(text.encode(), "-")[0].root
    assert root is not None
    return root


def evaluator() -> Evaluator:
    return Evaluator({}, parse, CLOSED)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("1", "1", True),
        ("1", "'1'", False),
        ("1", "1.0", False),
        ("~", "null", True),
        ("a # c", "'a'", True),
        ("!own 1", "1", True),
        ("[1, [2]]", "- 1\n- - 2", True),
        ("[1, 2]", "[2, 1]", False),
        ("{a: 1, b: 2}", "{b: 2, a: 1}", True),
        ("{a: 1}", "{a: 2}", False),
        ("{a: 1}", "{b: 1}", False),
        ("{a: 1}", "[a, 1]", False),
        ("{a: &x [1], b: *x}", "{a: [1], b: [1]}", True),
    ],
)
def test_comments_styles_and_the_order_of_keys_do_not_count(left: str, right: str, same: bool) -> None:
    assert equal(evaluator(), node(left), node(right)) is same


def test_a_key_and_an_entry_are_found_by_their_value() -> None:
    assert find_key(evaluator(), node("{a: 1, 2: b}"), scalar("2", "!!int")) == 1
    assert find_key(evaluator(), node("{a: 1, 2: b}"), scalar("2", "!!str")) is None
    assert find_item(evaluator(), node("[{a: 1}, [2]]"), node("[2]")) == 1


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("", "", True),
        ("a", "", False),
        ("abc", "*", True),
        ("abc", "a*", True),
        ("abc", "*c", True),
        ("abc", "a*b*c", True),
        ("abc", "a*bc*c", False),
        ("abc", "a?c", True),
        ("abc", "a?", False),
        ("aXbXc", "*X*X?", True),
        ("ab", "a*?b", False),
        ("[x]", "[x]", True),
    ],
)
def test_a_star_is_any_text_and_a_question_mark_any_character(name: str, pattern: str, expected: bool) -> None:
    assert fits(name, pattern) is expected


@given(st.text(alphabet="ab", max_size=8), st.text(alphabet="ab*?", max_size=6))
def test_patterns_are_those_of_file_names(name: str, pattern: str) -> None:
    assert fits(name, pattern) is bool(re.match(translate(pattern), name))


def test_a_pattern_of_many_stars_is_quick() -> None:
    assert not fits("a" * 2000, "*a" * 50 + "b")
