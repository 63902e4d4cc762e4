import pytest

from limavm.roundtrip.build import to_value
from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.nodes import Kind, Style
from limavm.roundtrip.read import read


def failure(text: str | bytes) -> YamlError:
    with pytest.raises(YamlError) as caught:
        read(text.encode() if isinstance(text, str) else text, "t.yaml")
    return caught.value


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n# comments\n", "\ufeff", "\ufeff# a mark\n", "---\n"])
def test_a_text_without_a_value_is_one_document_without_a_root(text: str) -> None:
    (document,) = read(text.encode(), "t.yaml")

    assert document.root is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: [x, 'y']\n", {"a": 1, "b": ["x", "y"]}),
        ("a: 1\r\nb:\r\n- x\r\n", {"a": 1, "b": ["x"]}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("a: &x {k: 1}\nb: *x\n", {"a": {"k": 1}, "b": {"k": 1}}),
        ("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n", {"a": {"k": 1, "l": 2}, "b": {"k": 3, "l": 2}}),
        ("'<<': {k: 1}\n", {"<<": {"k": 1}}),
        ('"quoted key": ü\n', {"quoted key": "ü"}),
    ],
)
def test_the_values_are_those_of_the_core_schema(text: str, expected: object) -> None:
    (document,) = read(text.encode(), "t.yaml")

    assert document.root is not None
    assert to_value(document.root) == expected


def test_all_documents_are_read() -> None:
    documents = read(b"a: 1\n---\n- 2\n...\n", "t.yaml")

    assert [document.root.kind for document in documents if document.root] == [Kind.MAPPING, Kind.SEQUENCE]
    assert [document.marked for document in documents] == [False, True]


def test_a_node_knows_where_it_stands_and_how_it_is_written() -> None:
    (document,) = read(b"a: 1\nb:\n- 'x'\n- &n !!int \"2\"\n- *n\n", "t.yaml")

    assert document.root is not None
    items = document.root.pairs[1][1].items
    assert [(item.line, item.column, item.source) for item in items] == [
        (3, 3, "t.yaml"),
        (4, 3, "t.yaml"),
        (5, 3, "t.yaml"),
    ]
    assert [item.style for item in items] == [Style.SINGLE, Style.DOUBLE, Style.NONE]
    assert (items[1].anchor, items[1].tag, items[2].kind) == ("n", "!!int", Kind.ALIAS)
    assert items[2].target is items[1]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "this key is already defined in line 1"),
        ("{a: 1, 'a': 2}", 1, "this key is already defined in line 1"),
        ("a: [1\n", 2, "this is not YAML"),
        ("a:\n\tb: 2\n", 2, "tabs cannot indent"),
        ("a:\n- b: 1\n   c: 2\n", 3, "check the indentation of this line"),
        ("a: it is: wrong\n", 1, "put a text that contains `: ` in quotes"),
        ("a: @b\n", 1, "backquotes need quotes"),
        ("a: 1\n---\n{", 3, "this is not YAML"),
        ("a: *x\n", 1, "the alias *x names no anchor above it"),
        ("a: &x 1\n---\nb: *x\n", 3, "the alias *x names no anchor above it"),
        ("a: &x\n- *x\n", 2, "the alias *x stands inside of what it names"),
        (b"a: 1\nb: \xff\n", 2, "the text is not UTF-8"),
        (b"a: 1\n\nb: \0\n", 3, "the text contains a NUL character"),
        ("b: 1\na: \x07\n", 2, "the character U+0007 is not allowed"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str | bytes, line: int, message: str) -> None:
    error = failure(text)

    assert message in error.message
    assert error.line == line


def test_every_duplicate_key_is_reported() -> None:
    error = failure("a: 1\na: 2\nb: 1\nb: 2\n")

    assert [problem.key for problem in (error, *error.further)] == ["a", "b"]


def test_duplicate_keys_can_be_allowed() -> None:
    (document,) = read(b"a: 1\na: 2\n", "t.yaml", duplicates=True)

    assert document.root is not None
    assert len(document.root.pairs) == 2
