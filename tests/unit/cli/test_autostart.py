"""`limactl autostart` and `start-at-login`, with a stand-in for systemctl."""

import sys
from pathlib import Path

import pytest

from limavm.host.autostart import systemd
from limavm.store import instances
from tests.fakes.programs import install
from tests.unit.cli.harness import Run, make_instance
from tests.unit.host.autostart.test_systemd import SYSTEMCTL

if sys.platform != "linux":
    pytest.skip("systemd is of Linux", allow_module_level=True)


@pytest.fixture(autouse=True)
def asked(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_instance(home, "dev")
    monkeypatch.setattr(systemd, "BOOTED", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("REFUSE", raising=False)
    return install("systemctl", SYSTEMCTL, tmp_path, monkeypatch).parent / "asked"


@pytest.fixture
def units(tmp_path: Path) -> Path:
    return tmp_path / "config" / "systemd" / "user"


def test_enable_and_disable(limactl: Run, units: Path) -> None:
    done = limactl("autostart", "enable", "dev")
    assert (done.code, done.out) == (0, "")
    assert "starts when you log in" in done.err
    assert [path.name for path in units.iterdir()] == ["lima-vm@dev.service"]

    done = limactl("autostart", "disable", "dev")
    assert done.code == 0
    assert list(units.iterdir()) == []
    assert "nothing to disable" in limactl("autostart", "disable", "dev").message


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["enable", "none"], "limactl create"),
        (["enable", "../dev"], "name"),
        (["enable", "x" * 200], "name"),
        (["enable", "größe"], "name"),
        (["enable"], "exactly 1"),
        (["enable", "dev", "dev"], "exactly 1"),
        (["enable", "--condition=boot", "dev"], "macOS"),
        (["disable", "none"], "no instance"),
        (["disable"], "exactly 1"),
    ],
)
def test_what_is_wrong_is_one_message(limactl: Run, units: Path, args: list[str], word: str) -> None:
    done = limactl("autostart", *args)

    assert (done.code, done.out) == (1, "")
    assert word in done.message
    assert not units.exists()


def test_what_systemd_says_is_quoted(limactl: Run, units: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSE", "enable")
    done = limactl("autostart", "enable", "dev")

    assert done.code == 1
    assert "no bus" in done.message
    assert list(units.iterdir()) == []


def test_another_command_at_work_is_named(limactl: Run, units: Path) -> None:
    with instances.exclusive("dev"):
        done = limactl("autostart", "enable", "dev")

    assert done.code == 1
    assert "another limactl command" in done.message
    assert not units.exists()


def test_start_at_login_is_the_old_name(limactl: Run, units: Path) -> None:
    done = limactl("start-at-login", "dev")
    assert done.code == 0
    assert "limactl autostart enable dev" in done.err
    assert [path.name for path in units.iterdir()] == ["lima-vm@dev.service"]

    assert limactl("start-at-login", "--enabled=false", "dev").code == 0
    assert list(units.iterdir()) == []


def test_start_at_login_of_what_does_not_exist_is_no_error(limactl: Run, units: Path) -> None:
    done = limactl("start-at-login")

    assert done.code == 0
    assert "there is no instance 'default'" in done.message
    assert not units.exists()


def test_a_rename_takes_the_registration_along(limactl: Run, units: Path) -> None:
    limactl("autostart", "enable", "dev")
    done = limactl("--tty=false", "rename", "dev", "work")

    assert done.code == 0, done.err
    assert [path.name for path in units.iterdir()] == ["lima-vm@work.service"]
