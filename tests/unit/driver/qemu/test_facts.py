"""What is known of a QEMU."""

import pytest

from limavm.driver.qemu.facts import Version, version_text
from limavm.driver.qemu.probe import parse_semver


@pytest.mark.parametrize("version", [(8, 2, 1), (10, 0, 0)])
def test_a_version_is_written_as_it_is_read(version: Version) -> None:
    assert parse_semver(version_text(version)) == version
