import pytest

from limavm.roundtrip.nodes import Document, Node
from limavm.roundtrip.read import read
from limavm.roundtrip.write import write


def document(text: str) -> Document:
    (found,) = read(text.encode(), "t.yaml")
    return found


def root(text: str) -> Node:
    found = document(text).root
    assert found is not None
    return found


def pair(text: str, key: str) -> tuple[Node, Node]:
    found = root(text).find(key)
    assert found is not None
    return found


def test_the_head_belongs_to_the_key_and_what_stands_behind_the_value_to_the_value() -> None:
    key, value = pair("a: 1\n# head\n# more\nb: 2 # line\n", "b")

    assert (key.head_comment, key.line_comment, value.line_comment) == ("# head\n# more", "", "# line")


def test_a_comment_behind_a_key_belongs_to_the_key_when_the_value_begins_below() -> None:
    key, value = pair("a: # line\n  b: 1\n", "a")

    assert (key.line_comment, value.line_comment) == ("# line", "")


def test_a_comment_that_follows_and_is_set_off_is_a_foot() -> None:
    text = "a: 1\n# foot\n\nb: 2\n"

    assert pair(text, "a")[0].foot_comment == "# foot"
    assert pair(text, "b")[0].blank_before == 1


def test_a_comment_between_blank_lines_is_a_head() -> None:
    key, _ = pair("a: 1\n\n# section\n\nb: 2\n", "b")

    assert (key.head_comment, key.blank_before) == ("# section\n", 1)


def test_the_indentation_tells_which_level_a_comment_belongs_to() -> None:
    text = "a:\n  b:\n    c: 1\n    # of c\n  # of b\n# of d\nd: 2\n"

    inner = pair(text, "a")[1].pairs[0]
    assert inner[1].pairs[0][0].foot_comment == "# of c"
    assert inner[0].foot_comment == "# of b"
    assert pair(text, "d")[0].head_comment == "# of d"


def test_all_comments_of_an_entry_belong_to_the_entry() -> None:
    items = pair("a:\n  # head\n  - x # line\n  # last\nb: 1\n", "a")[1].items

    assert [(item.head_comment, item.line_comment, item.foot_comment) for item in items] == [
        ("# head", "# line", "# last")
    ]


def test_what_is_commented_out_below_a_key_without_value_stays_with_the_value() -> None:
    text = "a:\n  # - name: x\n  #   size: 1\nb: 2\n"

    assert pair(text, "a")[1].foot_comment == "# - name: x\n#   size: 1"
    assert write(read(text.encode(), "t.yaml")) == text


def test_comments_at_the_top_and_at_the_bottom_that_are_set_off_belong_to_the_document() -> None:
    found = document("# licence\n\n# head\na: 1\n# foot\n\n# end\n")

    assert (found.head_comment, found.foot_comment) == ("# licence", "# end")
    assert found.root is not None
    assert found.root.pairs[0][0].head_comment == "# head"
    assert found.root.pairs[0][0].foot_comment == "# foot"


def test_comments_alone_belong_to_the_document() -> None:
    found = document("# one\n\n# two\n")

    assert (found.root, found.head_comment) == (None, "# one\n\n# two")


def test_comments_around_the_marks_of_documents_are_kept() -> None:
    first, second = read(b"# above\n--- # beside\na: 1\n...\n# between\n---\n# below\nb: 2\n", "t.yaml")

    assert (first.preamble, first.foot_comment) == ("# above", "# between")
    assert first.root is not None
    assert first.root.pairs[0][0].head_comment == "# beside"
    assert second.root is not None
    assert second.root.pairs[0][0].head_comment == "# below"


def test_comments_can_be_left_out() -> None:
    (found,) = read(b"# a\na: 1 # b\n# c\n", "t.yaml", comments=False)

    assert write([found]) == "a: 1\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a: | # header\n  text\n# below\n", "a: |  # header\n  text\n# below\n"),
        ("a: [ # open\n  1, # one\n  # two\n  2\n  # last\n]\n", "a:  # open\n- 1  # one\n# two\n- 2\n# last\n"),
        ("a: [ # nothing\n  # more\n]\nb: 1\n", "a: []  # nothing\n  # more\nb: 1\n"),
        ("{a: 1, # c\n b: 2}\n", "a: 1  # c\nb: 2\n"),
        ("a:\n  # between\n  value\n", "a:\n  # between\n  value\n"),
        ("- # dash\n  # own\n  value\n", "# own\n- value  # dash\n"),
        ("- # dash\n  # own\n  a: 1\n", "-  # dash\n  # own\n  a: 1\n"),
        ("a: &x # c\n  # d\n  b: 1\n", "a: &x  # c\n  # d\n  b: 1\n"),
        ("a: !!str # c\n  1\n", 'a:  # c\n  "1"\n'),
        ("? a # c\n# d\n: # e\n  b: 1\n", "a:  # c\n  # d\n  # e\n  b: 1\n"),
        ("? [a, # c\n  b]\n: 1\n", "? [a, b]\n:\n  # c\n  1\n"),
        ("a: 1 # no line break", "a: 1  # no line break\n"),
        ("a: 1\r\n# b\r\nc: 2\r\n", "a: 1\n# b\nc: 2\n"),
        ("a: 1\n# b\x85c: 2\n", "a: 1\n# b\nc: 2\n"),
        ("a:\n  - x\n\n  # set off\n\nb: 1\n", "a:\n  - x\n\n  # set off\n\nb: 1\n"),
        ("a:\n  - x\n  # last\nb: 1\n", "a:\n- x\n# last\n\nb: 1\n"),
        ("a: >+\n  x\n\n...\n# end\n", "a: >+\n  x\n\n...\n# end\n"),
    ],
)
def test_a_comment_in_an_odd_place_moves_no_farther_than_it_must(text: str, written: str) -> None:
    assert write(read(text.encode(), "t.yaml")) == written
    assert write(read(written.encode(), "t.yaml")) == written
