import random
import time
from importlib import resources

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from limavm.roundtrip.build import from_value
from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.nodes import Document, Kind, Node, Style, mapping, null, scalar, sequence, text
from limavm.roundtrip.read import read
from limavm.roundtrip.write import write, write_node
from tests.unit.roundtrip.documents import commented, valid_text, values


def rewritten(source: str) -> str:
    return write(read(source.encode(), "t.yaml", duplicates=True))


Shape = tuple[object, ...]


def shape(node: Node | None) -> Shape:
    """Values and comments of a tree."""
    if node is None:
        return ()
    children = [shape(child) for child in node.children()]
    value = "" if node.is_null else node.value
    comments = (node.head_comment, node.line_comment, node.foot_comment)
    return (node.full_tag, value, node.anchor, *comments, *children)


def shapes(documents: list[Document]) -> list[Shape]:
    return [
        (document.preamble, document.head_comment, document.foot_comment, shape(document.root))
        for document in documents
    ]


@settings(deadline=None)
@given(st.integers(0, 1 << 62), st.integers(0, 12))
def test_values_and_comments_survive_wherever_they_stand(seed: int, attempts: int) -> None:
    rng = random.Random(seed)
    source, comments = commented(rng, valid_text(rng), attempts)
    before = read(source.encode(), "t.yaml", duplicates=True)

    written = write(before)

    assert values(written) == values(source)
    assert [comment for comment in comments if written.count(comment) != 1] == []
    after = read(written.encode(), "t.yaml", duplicates=True)
    assert shapes(after) == shapes(before)
    assert write(after) == written


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 80), 1 << 80) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(JSON, st.sampled_from([1, 2, 4]))
def test_what_is_written_is_what_others_read(value: object, indent: int) -> None:
    written = write_node(from_value(value), indent=indent)

    assert repr(yaml.safe_load(written)) == repr(value)


@settings(deadline=None)
@given(st.text(alphabet="ab \n\t#:-[]{},&*!|>'\"%@`\r\x85\ufeff\x00é\U0001f600\\", max_size=9), st.sampled_from(Style))
def test_a_text_is_carried_by_any_style(value: str, style: Style) -> None:
    node = Node(kind=Kind.SCALAR, value=value, tag="!!str", style=style if style is not Style.FLOW else Style.NONE)
    tree = mapping([(text("k"), node), (text("l"), sequence([node, sequence([node], style=Style.FLOW)]))])

    assert yaml.safe_load(write_node(tree)) == {"k": value, "l": [value, [value]]}


def test_the_description_of_every_key_comes_back_as_it_is() -> None:
    source = (resources.files("limavm") / "templates" / "default.yaml").read_text(encoding="utf-8")

    assert rewritten(source) == source


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("", ""),
        ("a:   1   # c\n", "a: 1  # c\n"),
        ("a:\n    - x\n    -   y: 1\n        z: 2\n", "a:\n- x\n- y: 1\n  z: 2\n"),
        ("a:\n    b:\n        c: 1", "a:\n  b:\n    c: 1\n"),
        ("a: 'x'\nb: \"y\"\nc: z\n", "a: 'x'\nb: \"y\"\nc: z\n"),
        ("a: |-\n    x\n     y\nb: |+\n    z\n\nc: >\n    f\n    g\n", "a: |-\n  x\n   y\nb: |+\n  z\n\nc: >\n  f g\n"),
        ("a: |2\n   led\n", "a: |2\n   led\n"),
        ("a: {b: [1, 2], c: {}}\nd: []\n", "a: {b: [1, 2], c: {}}\nd: []\n"),
        ("a: {{.Home}}\nb: {c, d: , e: ~}\n", "a: {{.Home}}\nb: {c, d, e: ~}\n"),
        ("a: [b: 1]\n", "a: [{b: 1}]\n"),
        ("a: &x {k: 1}\nb: *x\n*x : c\n", "a: &x {k: 1}\nb: *x\n*x : c\n"),
        ("a: &x\n  k: 1\nb:\n  <<: *x\n", "a: &x\n  k: 1\nb:\n  <<: *x\n"),
        ("a:\nb: ~\nc: null\n", "a:\nb: ~\nc: null\n"),
        ("a: !!str 1\nb: !local x\nc: !!int '3'\nd: !!float 3\n", 'a: "1"\nb: !local x\nc: 3\nd: !!float 3\n'),
        ("%TAG !e! tag:example.com,2000:\n---\na: !e!x y\n", "---\na: !<tag:example.com%2C2000:x> y\n"),
        ("a: !<tag:yaml.org,2002:> 1\n", "a: !<tag:yaml.org%2C2002:> 1\n"),
        ("--- a\n---\n- b\n...\n", "---\na\n---\n- b\n"),
        ("---\n---\n", "---\n---\n"),
        ("a: 1\n\n\nb: 2\n\n\n", "a: 1\n\n\nb: 2\n"),
        ("a: 'x\n\n  y'\n", 'a: "x\\ny"\n'),
        ("a: x\n\n  y\n", "a: |-\n  x\n  y\n"),
        ("'a: b': 1\n? |\n  k\n: 2\n", "'a: b': 1\n\"k\\n\": 2\n"),
        ("yes: on\n", "yes: on\n"),
    ],
)
def test_a_text_is_written_in_one_form(source: str, written: str) -> None:
    assert rewritten(source) == written
    assert rewritten(written) == written


@pytest.mark.parametrize(
    "value",
    ["~", "null", "", "y", "on", "No", "1", "1.5", "1_0.5", "0x1", "1:20", "<<", "=", "2001-01-01"],
)
def test_a_text_that_reads_as_something_else_is_quoted(value: str) -> None:
    assert write_node(text(value)) == f'"{value}"\n'


@pytest.mark.parametrize("value", ["x", "1.2.3.4", "1.2.3", "8.2.1-rc1", "10GiB", "fd00::1", "a#b"])
def test_any_other_text_has_no_quotes(value: str) -> None:
    assert write_node(text(value)) == f"{value}\n"


def test_a_long_line_is_not_folded() -> None:
    assert write_node(text("word " * 100 + "end")).count("\n") == 1


def test_a_flow_collection_with_a_comment_is_written_as_a_block() -> None:
    item = scalar("1")
    item.line_comment = "one"

    assert write_node(mapping([(text("a"), sequence([item], style=Style.FLOW))])) == "a:\n- 1  # one\n"


def test_a_comment_that_was_made_below_a_key_is_set_off_from_the_next_one() -> None:
    first = text("a")
    first.foot_comment = "# foot"

    assert write_node(mapping([(first, null()), (text("b"), null())])) == "a: null\n# foot\n\nb: null\n"


def test_lists_can_be_indented_and_steps_chosen() -> None:
    node = from_value({"a": {"b": ["x"]}})

    assert write_node(node, indent=4, indented_lists=True) == "a:\n    b:\n        - x\n"


def test_a_tree_without_end_is_refused() -> None:
    node = sequence()
    node.items.append(node)

    with pytest.raises(YamlError, match="nest deeper"):
        write_node(node)


HOSTILE = {
    "hashes": "a: 1 " + "#" * (4 << 20),
    "blanks": "a: 1" + " " * (4 << 20) + "#\n",
    "comments": "a:\n  b: 1\n" + "  # c\n" * 300_000 + "c: 1\n",
    "comments in brackets": "a: [\n" + "# c\n" * 300_000 + "]\n",
    "breaks": "a: 1" + "\n" * (1 << 20),
    "folded": "a: >\n  x\n" + "      \n" * 500_000,
    "digits": "a: " + "1_" * (2 << 20),
    "deep": ("- " + "[" * 90 + "1 # c\n" + "]" * 90 + "\n") * 200,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_are_read_and_written_in_linear_time(kind: str) -> None:
    source = HOSTILE[kind].encode()[: 4 << 20]
    begin = time.process_time()

    write(read(source, "t.yaml"))

    assert time.process_time() - begin < 4
