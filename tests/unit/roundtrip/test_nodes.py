import pytest

from limavm.roundtrip.nodes import Kind, Node, Style, mapping, null, scalar, sequence, text
from limavm.roundtrip.read import read


def test_a_copy_has_aliases_to_its_own_anchors() -> None:
    (document,) = read(b"a: &x {k: 1}\nb: *x\n", "t.yaml")
    assert document.root is not None

    copied = document.root.copy()

    anchored, alias = copied.pairs[0][1], copied.pairs[1][1]
    assert alias.target is anchored
    assert alias.resolved.get("k") is not document.root.pairs[0][1].get("k")


def test_what_becomes_another_keeps_its_comments() -> None:
    node = scalar("1")
    node.line_comment = "# here"

    node.become(sequence([text("x")]))

    assert (node.kind, len(node.items), node.line_comment) == (Kind.SEQUENCE, 1, "# here")


@pytest.mark.parametrize(
    ("node", "tag"),
    [
        (scalar("1"), "!!int"),
        (scalar("1", style=Style.DOUBLE), "!!str"),
        (scalar("1", tag="!!float"), "!!float"),
        (text("1"), "!!str"),
        (null(), "!!null"),
        (mapping(), "!!map"),
        (sequence(), "!!seq"),
        (Node(kind=Kind.ALIAS, value="x", target=sequence()), "!!seq"),
    ],
)
def test_every_node_has_a_tag(node: Node, tag: str) -> None:
    assert node.full_tag == tag


def test_the_last_one_of_equal_keys_is_found() -> None:
    node = mapping([(text("a"), text("1")), (text("a"), text("2"))])

    found = node.get("a")

    assert found is not None
    assert found.value == "2"
    assert node.get("b") is None


def test_only_collections_with_entries_are_blocks() -> None:
    assert mapping([(text("a"), null())]).is_block
    assert not mapping().is_block
    assert not sequence([null()], style=Style.FLOW).is_block
    assert not null().is_block
