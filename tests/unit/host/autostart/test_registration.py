import os
from pathlib import Path

import pytest

from limavm.host.autostart.registration import registration


def test_what_is_needed_of_the_environment_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMA_HOME", str(tmp_path))
    environment = {
        "PATH": os.pathsep.join(("/opt/qemu/bin", "", "relative", "/usr/bin")),
        "LIMA_HOME": str(tmp_path),
        "XDG_CACHE_HOME": "/cache",
        "SECRET": "x",
    }

    found = registration("dev", environment)
    assert found.environment == {
        "PATH": "/opt/qemu/bin:/usr/bin",
        "LIMA_HOME": str(tmp_path),
        "XDG_CACHE_HOME": "/cache",
    }
    assert found.directory == str(tmp_path / "dev")
    assert found.argv[-3:] == ("start", "dev", "--foreground")
    assert found.user == ""


def test_what_is_not_set_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMA_HOME", str(tmp_path))

    assert registration("dev", {"LIMA_HOME": "", "XDG_CACHE_HOME": "relative"}, user="me").environment == {}
