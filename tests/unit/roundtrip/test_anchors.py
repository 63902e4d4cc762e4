import pytest

from limavm.roundtrip.anchors import settle
from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.nodes import Document, Node
from limavm.roundtrip.read import read
from limavm.roundtrip.write import write


def tree(text: str) -> Node:
    root = read(text.encode(), "test")[0].root
    assert root is not None
    return root


def settled(root: Node) -> str:
    settle(root)
    return write([Document(root=root)])


def without(key: str, text: str) -> str:
    """The text of a mapping from which a key was taken."""
    root = tree(text)
    root.pairs = [pair for pair in root.pairs if pair[0].value != key]
    return settled(root)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\nb: *x\n",
        "a: &x\n  b: &y [1, 2]\nc: [*y, *x]\nd:\n  <<: *x\n",
        "a: &x 1\nb: *x\nc: &x 2\nd: *x\n",
        "&x a: 1\nb: *x\n",
        "a: 1\n",
    ],
)
def test_a_tree_that_nobody_changed_stays_as_it_is(text: str) -> None:
    assert settled(tree(text)) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a: &x 1\nb: *x\nc: *x\n", "b: &x 1\nc: *x\n"),
        ("a: &x\n  k: 1  # one\nb: *x  # two\n", "b: &x  # two\n  k: 1  # one\n"),
        ("a: &x\n  k: 1\nb:\n  <<: *x\n  l: 2\n", "b:\n  <<: &x\n    k: 1\n  l: 2\n"),
        ("a:\n- &x 1\n- &y [*x]\nb: *y\nc: *x\n", "b: &y [&x 1]\nc: *x\n"),
        ("a: &x {k: &y 1}\nb: *y\nc: *x\n", "b: &y 1\nc: &x {k: *y}\n"),
    ],
)
def test_when_an_anchor_goes_the_first_alias_has_the_value(text: str, result: str) -> None:
    assert without("a", text) == result


def test_an_alias_never_comes_to_mean_another_value() -> None:
    assert without("c", "a: &x 1\nb: &y 2\nc: &x 3\nd: *x\n") == "a: &x 1\nb: &y 2\nd: &x 3\n"


def test_an_alias_that_moved_below_another_anchor_of_the_name_is_written_out() -> None:
    root = tree("a: &x {k: 1}\nb: *x\nc: &x 2\n")
    root.pairs = [root.pairs[0], root.pairs[2], root.pairs[1]]

    assert settled(root) == "a: &x {k: 1}\nc: &x 2\nb: {k: 1}\n"


def test_an_alias_that_moved_above_its_anchor_takes_its_place() -> None:
    root = tree("b: &x {k: 1}\na: *x\n")
    root.pairs.reverse()

    assert settled(root) == "a: &x {k: 1}\nb: *x\n"


def test_an_alias_follows_when_its_anchor_is_renamed_and_is_written_out_when_that_goes() -> None:
    root = tree("a: &x 1\nb: *x\n")
    anchored = root.get("a")
    assert anchored is not None

    anchored.anchor = "y"
    assert settled(root) == "a: &y 1\nb: *y\n"
    anchored.anchor = ""
    assert settled(root) == "a: 1\nb: 1\n"


def test_a_bomb_that_is_written_out_is_refused() -> None:
    levels = "".join(f"a{level}: &a{level} [{f'*a{level - 1}, ' * 9}1]\n" for level in range(1, 9))
    root = tree(f"a0: &a0 1\n{levels}")
    for _, value in root.pairs:
        value.anchor = ""

    with pytest.raises(YamlError, match="aliases make more than 1000 values"):
        settle(root, limit=1000)
