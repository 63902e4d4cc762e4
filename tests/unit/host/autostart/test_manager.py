import sys
from pathlib import Path

import pytest

from limavm.host.autostart import systemd
from limavm.host.autostart.manager import manager, own_identity


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is of Linux")
def test_systemd_manages_a_host_that_it_has_booted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "BOOTED", str(tmp_path / "none"))
    assert manager({}) is None

    monkeypatch.setattr(systemd, "BOOTED", str(tmp_path))
    found = manager({"XDG_CONFIG_HOME": str(tmp_path)})
    assert found is not None
    assert found.title == "systemd"


def test_who_was_started_by_hand_belongs_to_no_unit() -> None:
    assert own_identity({}) == ""
    assert own_identity({"XPC_SERVICE_NAME": "0"}) == ""
    assert own_identity({"XPC_SERVICE_NAME": "application.com.apple.Terminal.1"}) == ""
