"""A clone does not keep from its original what only one of them can use."""

import pytest

from limavm.cli.identity import with_own_identity

TEXT = b"""\
# mine
ssh:
  localPort: 2222  # mine alone
networks:
- lima: shared
  macAddress: "52:55:55:00:00:01"
- lima: bridged
  interface: eth7
"""


def test_an_explicit_port_and_address_stay_with_the_original() -> None:
    text, told = with_own_identity(TEXT, TEXT, source="lima.yaml")

    expected = TEXT.replace(b"localPort: 2222", b"localPort: 0").replace(b'  macAddress: "52:55:55:00:00:01"\n', b"")
    assert text == expected
    assert [sentence.split(" stays")[0] for sentence in told] == [
        "the port 2222 of ssh",
        "the MAC address 52:55:55:00:00:01",
    ]


@pytest.mark.parametrize(
    ("copy", "original"),
    [
        (TEXT.replace(b"2222", b"2223").replace(b"00:01", b"00:02"), TEXT),
        (b"cpus: 1\n", TEXT),
        (b"cpus: 1\n", b"cpus: 1\n"),
        (TEXT, b"cpus: 1\n"),
        (b"", b""),
    ],
)
def test_everything_else_stays(copy: bytes, original: bytes) -> None:
    assert with_own_identity(copy, original, source="lima.yaml") == (copy, [])


def test_both_networks_of_one_address_lose_it() -> None:
    text = b"networks:\n- {lima: a, macAddress: '52:55:55:00:00:01'}\n- {lima: b, macAddress: '52:55:55:00:00:01'}\n"

    changed, told = with_own_identity(text, text, source="lima.yaml")

    assert changed == b"networks:\n- {lima: a}\n- {lima: b}\n"
    assert len(told) == 1
