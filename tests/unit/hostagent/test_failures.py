"""Scripts that have failed in the guest are named as the configuration has them, with the end of what they said."""

import pytest

from limavm.host.process import run
from limavm.hostagent.failures import TOLD, failures


def test_provisions_are_named_by_their_place_in_the_configuration() -> None:
    output = (
        b"provision.boot/00000000: exit status 1\n"
        b"/mnt/lima-cidata/provision.system/00000012: exit status 3\n\tline\n\t  \xc3\xa4 \x1b[31mlast\xff\n"
    )

    assert list(failures(output)) == [
        "provision[0] (mode boot) has failed: exit status 1",
        "provision[12] (mode system) has failed: exit status 3\n  line\n    \xe4 [31mlast\ufffd",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            b"/mnt/lima-cidata/boot.Linux/30-x.sh: exit status 1",
            "The boot script boot.Linux/30-x.sh has failed: exit status 1",
        ),
        (b"setting the password: exit status 1", "setting the password has failed: exit status 1"),
        (b"odd", "A boot script has failed: odd"),
    ],
)
def test_other_names_are_told_as_they_are(line: bytes, expected: str) -> None:
    assert list(failures(line)) == [expected]


def test_nothing_failed_is_nothing_told() -> None:
    assert list(failures(b"")) == []
    assert run(["sh", "-c", TOLD]) == b""
