from pathlib import Path

import pytest

from limavm.cli.sudoers import compared
from limavm.errors import UserError
from tests.unit.cli.harness import Run


@pytest.mark.parametrize("args", [(), ("--check",), ("--check", "/etc/sudoers.d/lima"), ("file",)])
def test_only_macos_has_sudo_rules(limactl: Run, home: Path, args: tuple[str, ...]) -> None:
    result = limactl("sudoers", *args)

    assert result.code == 1
    assert "sudo rules are for the networks of macOS" in result.message
    assert not (home / "_config").exists()


def test_the_installed_rules_are_compared_byte_for_byte() -> None:
    assert compared("a\n", b"a\n", "/x")
    assert not compared("a\n", None, "/x")
    for other in (b"", b"a", b"a\n\n", b"\xff"):
        with pytest.raises(UserError, match="out of sync") as caught:
            compared("a\n", other, "/x")
        assert "sudo install -o root etc_sudoers.d_lima /x" in str(caught.value)
