import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.errors import UserError
from limavm.roundtrip.nodes import Document, text
from limavm.yq.formats import decode, encode


def test_texts_are_written_without_a_newline_and_read_without_padding() -> None:
    assert encode([Document(root=text("cat"))], "base64") == "Y2F0"
    assert encode(decode(b" aGVsbG8\n", "base64", "x"), "yaml") == "hello\n"
    assert encode(decode(b"", "base64", "x"), "props") == "\n"


@pytest.mark.parametrize("data", [b"a", b"a*b=", b"\xff"])
def test_what_is_no_base64_is_an_error(data: bytes) -> None:
    with pytest.raises(UserError):
        decode(data, "base64", "x")


def test_only_a_text_can_be_written() -> None:
    with pytest.raises(UserError, match="only a text"):
        encode(decode(b"[1]", "yaml", "x"), "base64")


@given(st.text(max_size=20))
def test_texts_come_back(value: str) -> None:
    data = encode([Document(root=text(value))], "base64").encode()
    root = decode(data, "base64", "x")[0].root

    assert root is not None
    assert root.value == value
