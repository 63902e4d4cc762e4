import shlex

from hypothesis import given
from hypothesis import strategies as st

from limavm.roundtrip.nodes import Document, text
from limavm.yq.formats.options import Options
from limavm.yq.formats.words import encode


def word(value: str) -> str:
    return encode(Document(root=text(value)), Options())


def test_quotes_begin_where_they_are_needed_and_close_at_the_end() -> None:
    assert word("a.b/c") == "a.b/c"
    assert word("strings with spaces and a 'quote'") == "strings' with spaces and a '\\'quote\\'"


@given(st.text(min_size=1, max_size=20))
def test_a_shell_reads_the_word_as_it_was(value: str) -> None:
    assert shlex.split(word(value)) == [value]
