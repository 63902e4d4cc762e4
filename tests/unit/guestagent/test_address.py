import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.guestagent.address import parse_target


def test_an_ipv4_address_with_a_port() -> None:
    assert parse_target("127.0.0.1:80") == (socket.AF_INET, ("127.0.0.1", 80))


def test_an_ipv6_address_is_in_brackets() -> None:
    assert parse_target("[::1]:65535") == (socket.AF_INET6, ("::1", 65535, 0, 0))


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "80", "127.0.0.1", "127.0.0.1:", ":80", "localhost:80", "::1:80", "[127.0.0.1]:80", "[::1]"),
        *("127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:٣", "127.0.0.1:8_0", "127.0.0.1:http", "1:80"),
        *("[fe80::1%eth0]:80", "a\0b:80", "/run/x.sock:80", "127.0.0.1 :80", "256.0.0.1:80", "0x7f.1:80"),
    ],
)
def test_anything_else_is_no_target(text: str) -> None:
    with pytest.raises(ValueError, match="port"):
        parse_target(text)


@given(st.text(max_size=40) | st.from_regex(r"[\[\]0-9a-f:.]+"))
def test_no_text_breaks_it(text: str) -> None:
    try:
        family, target = parse_target(text)
    except ValueError:
        return
    assert socket.inet_pton(family, target[0])
