import pytest

from limavm.config.treevalue import comments_of, joined_comments, size_of, text_of, unset, wrong
from tests.unit.config.embedding import node


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("'1'", "1"),
        ("1.50", "1.5"),
        ("2.0", "2"),
        ("'2.0'", "2.0"),
        ("0644", "420"),
        ("true", "true"),
        ("!!str 0644", "0644"),
        ("!!binary YQ==", "a"),
        ("!!binary x", "x"),
        ("null", None),
        ("", None),
        ("[a]", None),
        ("{}", None),
    ],
)
def test_a_scalar_is_the_text_that_a_configuration_takes_it_for(value: str, text: str | None) -> None:
    assert text_of(node(f"a: {value}\n").get("a")) == text


def test_absent_and_null_are_unset() -> None:
    root = node("a: null\nb: ''\nc: []\n")

    assert [unset(root.get(name)) for name in "abcd"] == [True, False, False, True]


def test_an_error_tells_file_line_and_key() -> None:
    assert str(wrong("is bad", node("\n\na: 1\n").pairs[0][0], "a")) == "test:2: a: is bad"


def test_all_comments_of_a_node_are_found_in_order() -> None:
    root = node("# one\na:  # two\n# three\n- b  # four\n# five\nc: d  # six\n")

    assert joined_comments(*comments_of(root)).split("\n") == ["# one", "# two", "# three", "# four", "# five", "# six"]


def test_the_size_of_a_node_is_about_that_of_its_text() -> None:
    text = "a: " + "x" * 1000 + "\nb:\n" + "- y\n" * 100

    assert 0.8 < size_of(node(text)) / len(text) < 1.5
