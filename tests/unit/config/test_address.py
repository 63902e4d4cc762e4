import ipaddress
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from limavm.config.address import canonical_ip, mac_bytes, parse_ip


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


@given(st.ip_addresses(v=6) | st.sampled_from(range(1 << 16)).map(lambda number: ipaddress.IPv6Address(number << 64)))
@example(ipaddress.IPv6Address("::"))
@example(ipaddress.IPv6Address("::ffff:1.2.3.4"))
@example(ipaddress.IPv6Address("1:0:0:2:0:0:3:4"))
@example(ipaddress.IPv6Address("1:0:2:0:3:0:4:0"))
@example(ipaddress.IPv6Address("1::"))
def test_addresses_are_written_in_one_way(address: ipaddress.IPv6Address) -> None:
    expected = str(address.ipv4_mapped or address)

    assert canonical_ip(str(address)) == canonical_ip(address.exploded.upper()) == expected


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("1.2.3.4", "1.2.3.4"), ("::1.2.3.4", "::102:304"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("x", None)],
)
def test_an_end_that_is_written_as_ipv4_is_understood(text: str, canonical: str | None) -> None:
    assert canonical_ip(text) == canonical


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
