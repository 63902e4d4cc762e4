import os
import stat
import sys
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.network.installed import accounts, entries, is_installed, sudo_without_password


def test_what_exists_is_described_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").touch(0o640)

    found = entries([str(tmp_path / name) for name in ("link", "file", "none", "file/below")])

    assert [os.path.basename(path) for path in found] == ["link", "file"]
    assert stat.S_ISLNK(found[str(tmp_path / "link")].mode)
    assert stat.S_IMODE(found[str(tmp_path / "file")].mode) == 0o640
    assert found[str(tmp_path / "file")].uid == (tmp_path / "file").stat().st_uid


def test_what_cannot_be_examined_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be examined"):
        entries([str(tmp_path / ("x" * 300))])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such accounts")
def test_root_and_daemon_have_accounts() -> None:
    found = accounts()

    assert (found.root_uid, found.root_gid) == (0, 0)
    assert found.root_group
    assert found.daemon_gid > 0


def test_a_program_is_installed_when_it_can_be_run(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.touch(0o644)
    assert not is_installed(str(program))

    program.chmod(0o755)
    assert is_installed(str(program))
    assert not is_installed("")


@pytest.mark.parametrize(("script", "free"), [("exit 0", True), ("exit 1", False), ('test "$1" = -k', False)])
def test_sudo_is_asked_whether_it_wants_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, free: bool
) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text(f'#!/bin/sh\necho "$@" >>"{tmp_path}/asked"\n{script}\n')
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    assert sudo_without_password("wheel") is free

    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[0] == "-k"
    assert asked[1:] in ([], ["--user root --group wheel --non-interactive true"])
