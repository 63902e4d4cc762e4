"""Mount points inside one another."""

import pytest

from limavm.hostagent.mounts.nesting import around, cleaned, inside


@pytest.mark.parametrize(("text", "point"), [("/a/b", "/a/b"), ("//a//b/", "/a/b"), ("/./a/.", "/a"), ("/", "/")])
def test_needless_slashes_and_dots_are_left_out(text: str, point: str) -> None:
    assert cleaned(text) == point


def test_only_whole_names_count() -> None:
    assert inside("/a/b", "/a")
    assert inside("/a", "/")
    assert not inside("/ab", "/a")
    assert not inside("/a", "/a")


def test_the_nearest_one_is_around() -> None:
    assert around("/a/b/c", ["/", "/a", "/a/b", "/a/b/c", "/x"]) == "/a/b"
    assert around("/a", ["/b"]) is None
