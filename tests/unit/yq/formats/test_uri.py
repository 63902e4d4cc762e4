import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.errors import UserError
from limavm.roundtrip.nodes import Document, text
from limavm.yq.formats import decode, encode


def test_texts_are_written_without_a_newline_and_read_without_padding() -> None:
    assert encode([Document(root=text("cat"))], "uri") == "cat"
    assert encode(decode(b"a%20b+c", "uri", "x"), "yaml") == "a b c\n"
    assert encode(decode(b"", "uri", "x"), "props") == "\n"


@pytest.mark.parametrize("data", [b"%", b"a%2", b"%zz", b"\xff"])
def test_what_is_no_uri_is_an_error(data: bytes) -> None:
    with pytest.raises(UserError):
        decode(data, "uri", "x")


def test_only_a_text_can_be_written() -> None:
    with pytest.raises(UserError, match="only a text"):
        encode(decode(b"[1]", "yaml", "x"), "uri")


@given(st.text(max_size=20))
def test_texts_come_back(value: str) -> None:
    data = encode([Document(root=text(value))], "uri").encode()
    root = decode(data, "uri", "x")[0].root

    assert root is not None
    assert root.value == value
