"""As far as the calls of launchctl, which stand-ins answer on any system."""

import os
import plistlib
import sys
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.host.autostart.launchd import Launchd, plist
from limavm.host.autostart.registration import Registration
from tests.fakes.programs import install

if sys.platform == "win32":
    pytest.skip("programs in sh", allow_module_level=True)

LAUNCHCTL = """#!/bin/sh
echo "launchctl $*" >> "$(dirname "$0")/asked"
case "$REFUSE" in "") ;; *) case "$*" in *$REFUSE*) echo "no domain" >&2; exit 5 ;; esac ;; esac
"""
#: Does what it is told as the user that we are.
SUDO = """#!/bin/sh
echo "sudo $*" >> "$(dirname "$0")/asked"
exec "$@"
"""
AGENT, DAEMON = "io.lima-vm.autostart.dev", "io.lima-vm.daemon.dev"


def registration(directory: str = "/Users/me/.lima/dev", user: str = "") -> Registration:
    return Registration(
        name="dev",
        directory=directory,
        argv=("/opt/bin/limactl", "start", "dev", "--foreground"),
        environment={"PATH": "/opt/bin:/usr/bin"},
        user=user,
    )


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("REFUSE", raising=False)
    install("sudo", SUDO, tmp_path, monkeypatch)
    return install("launchctl", LAUNCHCTL, tmp_path, monkeypatch).parent / "asked"


@pytest.fixture
def launchd(tmp_path: Path, asked: Path) -> Launchd:
    (tmp_path / "daemons").mkdir()
    return Launchd(str(tmp_path), 501, daemons=str(tmp_path / "daemons"))


def test_the_property_list_starts_the_instance_at_login() -> None:
    assert plistlib.loads(plist(registration())) == {
        "Label": AGENT,
        "ProgramArguments": ["/opt/bin/limactl", "start", "dev", "--foreground"],
        "RunAtLoad": True,
        "StandardErrorPath": "launchd.stderr.log",
        "StandardOutPath": "launchd.stdout.log",
        "WorkingDirectory": "/Users/me/.lima/dev",
        "ProcessType": "Background",
        "EnvironmentVariables": {"PATH": "/opt/bin:/usr/bin"},
        "ExitTimeOut": 210,
        "AbandonProcessGroup": True,
    }


def test_a_daemon_names_its_user() -> None:
    value = plistlib.loads(plist(registration(user="me")))

    assert (value["Label"], value["UserName"]) == (DAEMON, "me")


def test_markup_in_a_path_stays_what_it_is() -> None:
    directory = "/Users/<a>&b/dev"

    assert plistlib.loads(plist(registration(directory)))["WorkingDirectory"] == directory


def test_enabling_and_disabling_at_login(launchd: Launchd, asked: Path, tmp_path: Path) -> None:
    assert launchd.enable(registration()) == AGENT
    path = tmp_path / "Library" / "LaunchAgents" / f"{AGENT}.plist"
    assert launchd.path("dev", daemon=False) == str(path)
    assert launchd.registered("dev", "/Users/me/.lima/dev") == AGENT

    launchd.disable("dev", "/Users/me/.lima/dev")
    assert not path.exists()
    assert launchd.registered("dev", "/Users/me/.lima/dev") == ""
    assert asked.read_text().splitlines() == [f"launchctl {word} gui/501/{AGENT}" for word in ("enable", "disable")]


def test_a_refusal_leaves_nothing(launchd: Launchd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSE", "enable")

    with pytest.raises(UserError, match="no domain"):
        launchd.enable(registration())
    assert os.listdir(tmp_path / "Library" / "LaunchAgents") == []


def test_a_daemon_is_put_in_place_and_taken_away_by_sudo(launchd: Launchd, asked: Path, tmp_path: Path) -> None:
    path = tmp_path / "daemons" / f"{DAEMON}.plist"
    assert launchd.enable(registration(user="me")) == DAEMON
    assert path.stat().st_mode & 0o777 == 0o644
    assert launchd.registered("dev", "/Users/me/.lima/dev") == DAEMON
    lines = [line for line in asked.read_text().splitlines() if line.startswith("sudo")]
    assert [line.split()[1:3] for line in lines] == [
        ["launchctl", "bootout"],
        ["install", "-m"],
        ["launchctl", "enable"],
        ["launchctl", "bootstrap"],
    ]
    assert lines[-1] == f"sudo launchctl bootstrap system {path}"

    launchd.disable("dev", "/Users/me/.lima/dev")
    assert not path.exists()


def test_a_daemon_that_launchd_refuses_is_an_error(launchd: Launchd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSE", "bootstrap")

    with pytest.raises(UserError, match="bootstrap system"):
        launchd.enable(registration(user="me"))


def test_starting_loads_the_list_anew_and_stopping_unloads_it(
    launchd: Launchd, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launchd.enable(registration())
    asked.unlink()
    launchd.start("dev", "/Users/me/.lima/dev")
    launchd.stop("dev", "/Users/me/.lima/dev")

    assert asked.read_text().splitlines() == [
        f"launchctl bootout gui/501/{AGENT}",
        f"launchctl enable gui/501/{AGENT}",
        f"launchctl bootstrap gui/501 {launchd.path('dev', daemon=False)}",
        f"launchctl bootout gui/501/{AGENT}",
    ]
    monkeypatch.setenv("REFUSE", "bootout")
    launchd.start("dev", "/Users/me/.lima/dev")  # it was not loaded
    with pytest.raises(UserError):
        launchd.stop("dev", "/Users/me/.lima/dev")


def test_a_daemon_is_started_and_stopped_by_sudo(launchd: Launchd, asked: Path) -> None:
    launchd.enable(registration(user="me"))
    asked.unlink()
    launchd.start("dev", "/Users/me/.lima/dev")
    launchd.stop("dev", "/Users/me/.lima/dev")

    lines = [line for line in asked.read_text().splitlines() if line.startswith("sudo")]
    assert [line.split()[2] for line in lines] == ["bootout", "bootstrap", "bootout"]


@pytest.mark.parametrize("content", [b"", b"no list", plistlib.dumps([1]), plistlib.dumps({"WorkingDirectory": 1})])
def test_a_list_of_another_home_or_a_damaged_one_is_somebody_elses(launchd: Launchd, content: bytes) -> None:
    launchd.enable(registration())
    assert launchd.registered("dev", "/other/dev") == ""
    with pytest.raises(UserError, match="another LIMA_HOME"):
        launchd.enable(registration("/other/dev"))

    Path(launchd.path("dev", daemon=False)).write_bytes(content)
    assert launchd.registered("dev", "/Users/me/.lima/dev") == ""


def test_disabling_what_is_not_registered_does_nothing(launchd: Launchd, asked: Path) -> None:
    launchd.disable("dev", "/Users/me/.lima/dev")

    assert not asked.exists()


def test_an_agent_belongs_to_its_own_labels(launchd: Launchd) -> None:
    assert launchd.owns("dev", AGENT)
    assert launchd.owns("dev", DAEMON)
    assert not launchd.owns("web", AGENT)
    assert not launchd.owns("dev", "")
