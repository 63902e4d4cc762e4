import struct

import pytest

from limavm.mcp.packets import Answer, Attributes, BrokenError, Named, StatusError, text


def status(code: int, said: bytes = b"no") -> bytes:
    return struct.pack(">I", code) + text(said) + text(b"en")


def test_a_status_is_an_answer_or_a_failure() -> None:
    Answer(101, status(0)).done()

    with pytest.raises(StatusError, match="no") as caught:
        Answer(101, status(4)).handle()
    assert caught.value.code == 4


def test_names_come_with_what_the_server_knows_of_them() -> None:
    known = struct.pack(">IQIIIIII", 15, 5, 1, 2, 0o100644, 3, 4, 0)[:-4]
    more = struct.pack(">II", 1 << 31, 1) + text(b"acl") + text(b"x")
    body = struct.pack(">I", 2) + text(b"a") + text(b"long") + known + text(b"b") + text(b"long") + more

    assert Answer(104, body).names() == [Named(b"a", Attributes(5, 1, 2, 0o100644, 4)), Named(b"b", Attributes())]


@pytest.mark.parametrize("body", [b"", b"\xff\xff\xff\xff", struct.pack(">I", 9) + b"short"])
def test_an_answer_that_is_cut_off_is_told(body: bytes) -> None:
    for take in (Answer(102, body).handle, Answer(104, body).names, Answer(105, body).attributes):
        with pytest.raises(BrokenError):
            take()


def test_success_where_something_was_asked_for_is_no_answer() -> None:
    with pytest.raises(BrokenError):
        Answer(101, status(0)).data()
