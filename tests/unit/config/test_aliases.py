import pytest

from limavm.config.aliases import has_aliases, without_aliases
from limavm.config.errors import ConfigError
from limavm.roundtrip.nodes import Document
from limavm.roundtrip.write import write
from tests.unit.config.embedding import dedented, embedded_text, node


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a: &x 1\nb: *x\n", "a: 1\nb: 1\n"),
        ("a: &x\n  c: 1\nb: *x\n", "a:\n  c: 1\nb:\n  c: 1\n"),
        ("a: &x [1]\nb: &y\n  c: *x\nd: *y\n", "a: [1]\nb:\n  c: [1]\nd:\n  c: [1]\n"),
        # The same name may be given twice; an alias is for the one above it.
        ("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "a: 1\nb: 1\nc: 2\nd: 2\n"),
        # Merge keys: what is there wins, then the first mapping.
        ("a: &x {c: 1, d: 2}\nb:\n  d: 3\n  <<: *x\n", "a: {c: 1, d: 2}\nb:\n  d: 3\n  c: 1\n"),
        ("a: &x {c: 1}\nb: &y {c: 2, d: 2}\ne:\n  <<: [*x, *y]\n", "a: {c: 1}\nb: {c: 2, d: 2}\ne:\n  c: 1\n  d: 2\n"),
        ("a:\n  <<: {c: 1}\n", "a:\n  c: 1\n"),
        # Comments are those of the place.
        ("a: &x 1  # one\n# two\nb: *x  # three\n", "a: 1  # one\n# two\nb: 1  # three\n"),
        ("a: &x {c: 1}\nb:\n  # why\n  <<: *x  # so\n", "a: {c: 1}\nb:\n  # why\n  # so\n  c: 1\n"),
        (
            "a: &x {c: 1, d: 2}\nb:\n  <<:\n  # first\n  - *x  # it\n  # below\n\n  e: 3\n",
            "a: {c: 1, d: 2}\nb:\n  # first\n  # it\n  c: 1\n  d: 2\n  # below\n\n  e: 3\n",
        ),
        # Of a merge key that brings nothing they go to the next key, or else to the one before.
        ("a: &x {c: 1}\nb:\n  # why\n  <<: *x  # so\n  c: 2\n", "a: {c: 1}\nb:\n  # why\n  # so\n  c: 2\n"),
        ("a: &x {c: 1}\nb:\n  c: 2\n  # why\n  <<: *x\n", "a: {c: 1}\nb:\n  c: 2\n  # why\n"),
    ],
)
def test_aliases_and_merge_keys_are_written_out(text: str, result: str) -> None:
    expanded = without_aliases(node(text))

    assert write([Document(root=expanded)]) == result


def test_a_tree_without_aliases_stays_as_it_is() -> None:
    tree = node("a: &x 1\nb: [2]\n")

    assert not has_aliases(tree)
    assert without_aliases(tree) is tree


def test_a_value_tells_where_its_alias_stands() -> None:
    expanded = without_aliases(node("a: &x 1\nb:\n  c: *x\n"))
    b = expanded.get("b")
    assert b is not None
    c = b.get("c")
    assert c is not None

    assert (c.source, c.line) == ("test", 3)


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, levels)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        bomb(9),
        f"a: &a {'x' * (1 << 20)}\nb: [*a, *a, *a, *a, *a]\n",
        "a0: &a0 {x: 1}\n" + "".join(f"a{level}: &a{level} {{x: *a{level - 1}}}\n" for level in range(1, 200)),
    ],
)
def test_a_bomb_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="aliases make more of this text"):
        without_aliases(node(text))


@pytest.mark.parametrize("value", ["1", "[1]", "&x [[1]]"])
def test_only_mappings_can_be_merged(value: str) -> None:
    with pytest.raises(ConfigError, match="test:2: <<: only a mapping"):
        without_aliases(node(f"a:\n  <<: {value}\n"))


def test_anchors_of_template_and_base_are_their_own() -> None:
    template = """
        base: b.yaml
        param: &x
          a: "1"
        env: *x
    """
    base = """
        images:
        - &x
          location: b
        - *x
        param:
          c: "2"
    """

    assert embedded_text(template, {"/t/b.yaml": base}) == dedented("""
        param:
          a: "1"
          c: "2"
        env:
          a: "1"
        images:
        - location: b
        - location: b
    """)


def test_anchors_that_nothing_refers_to_stay_in_the_template_alone() -> None:
    template = "base: b.yaml\nparam: &x\n  a: v\n"

    assert embedded_text(template, {"/t/b.yaml": "env: &x\n  b: &y v\n"}) == "param: &x\n  a: v\nenv:\n  b: v\n"


def test_a_base_does_not_override_what_a_merge_key_brings() -> None:
    template = "base: b.yaml\nx: &x {cpus: 1}\n<<: *x\n"

    assert embedded_text(template, {"/t/b.yaml": "cpus: 2\n"}) == "x: {cpus: 1}\ncpus: 1\n"
