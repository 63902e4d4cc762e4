import ipaddress
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from limavm.config.address import mac_bytes, parse_ip


@given(st.ip_addresses())
def test_every_address_is_known(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert parse_ip(str(address)) == address.version
    assert parse_ip(address.exploded) == address.version


@given(st.text("0123456789abcdef:.", max_size=20) | st.from_regex(re.compile(r"[0-9a-f:]{0,6}::[0-9a-f.:]{0,12}")))
@example("::ffff:1.2.3.4")
@example("::%0")
@example("1::2::3")
@example("1:2:3:4:5:6:7::")
@example("::1.2.3.4:5")
@example("1.2.3.4::")
def test_texts_are_judged_as_the_standard_library_judges_them(text: str) -> None:
    try:
        # The standard library takes a zone such as `%0`, which no key has a use for.
        expected: int | None = ipaddress.ip_address(text).version if "\n" not in text and "%" not in text else None
    except ValueError:
        expected = None

    assert parse_ip(text) == expected


@pytest.mark.parametrize(
    "text", ["1.2.3", "1.2.3.4.", "01.2.3.4", "256.1.1.1", "::1%eth0", "localhost", " ::1", "x" * 99]
)
def test_other_texts_are_no_addresses(text: str) -> None:
    assert parse_ip(text) is None


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("aa:bb:cc:dd:ee:ff", 6),
        ("AA-BB-CC-DD-EE-FF", 6),
        ("aabb.ccdd.eeff", 6),
        ("aa:bb:cc:dd:ee:ff:00:11", 8),
        ("aa:bb", 2),
        ("aa:bb-cc", None),
        ("aabbccddeeff", None),
        ("aa:bb:cc:dd:ee:fg", None),
        ("", None),
    ],
)
def test_hardware_addresses_have_three_notations(text: str, length: int | None) -> None:
    assert mac_bytes(text) == length
