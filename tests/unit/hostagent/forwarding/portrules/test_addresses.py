"""Addresses as texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.hostagent.forwarding.portrules.addresses import Place, parsed_ip, parsed_place


@given(ip=st.ip_addresses(), port=st.integers(1, 65535))
def test_a_place_is_written_and_read_again(ip: object, port: int) -> None:
    address = parsed_ip(str(ip))
    assert address is not None

    assert parsed_place(str(Place(address, port))) == Place(address, port)


@pytest.mark.parametrize(
    "text", ["", "/run/x.sock", "/run/1.2.3.4:80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:x", "[::1]", "a:1"]
)
def test_what_is_no_place_is_none(text: str) -> None:
    assert parsed_place(text) is None


@given(text=st.text(max_size=80))
def test_no_text_is_too_odd(text: str) -> None:
    parsed_ip(text)
    parsed_place(text)
