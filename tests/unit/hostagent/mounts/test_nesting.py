"""Mount points inside one another."""

from limavm.hostagent.mounts.nesting import around, inside


def test_only_whole_names_count() -> None:
    assert inside("/a/b", "/a")
    assert inside("/a", "/")
    assert not inside("/ab", "/a")
    assert not inside("/a", "/a")


def test_the_nearest_one_is_around() -> None:
    assert around("/a/b/c", ["/", "/a", "/a/b", "/a/b/c", "/x"]) == "/a/b"
    assert around("/a", ["/b"]) is None
