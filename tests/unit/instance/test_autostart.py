"""Registered instances, with a stand-in for systemctl and host agents that are threads."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.errors import NotFoundError, UserError
from limavm.host import pidfile
from limavm.host.autostart import systemd
from limavm.hostagent.api import Handler, json_response
from limavm.hostagent.client import Info
from limavm.instance.autostart import disable, enable, follow_rename, keep_down, start_by_manager, stop_by_manager
from limavm.instance.delete import delete
from limavm.instance.inspect import inspect
from limavm.instance.stop import stop
from tests.fakes.agentthread import AgentThread
from tests.fakes.programs import install
from tests.fakes.report import KeptReport
from tests.unit.host.autostart.test_systemd import SYSTEMCTL

if sys.platform != "linux":
    pytest.skip("systemd is of Linux", allow_module_level=True)

UNIT = "lima-vm@dev.service"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dev: Path) -> Path:
    """What a stand-in for systemctl was asked, on a host that systemd has booted."""
    monkeypatch.setattr(systemd, "BOOTED", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("REFUSE", raising=False)
    return install("systemctl", SYSTEMCTL, tmp_path, monkeypatch).parent / "asked"


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    return tmp_path / "config" / "systemd" / "user" / UNIT


class ManagedAgent(AgentThread[None]):
    """A host agent that a manager has started."""

    def routes(self) -> dict[str, Handler]:
        return {"/v1/info": lambda _query: json_response(Info(auto_started_identifier=UNIT, ssh_local_port=4022))}


@pytest.fixture
def running(asked: Path, dev: Path) -> Iterator[Path]:
    enable("dev", report=KeptReport())
    with pidfile.held(str(dev / "ha.pid")), pidfile.held(str(dev / "qemu.pid")), ManagedAgent(dev, ()):
        asked.unlink()
        yield dev


def nothing() -> None:
    pass


def test_an_instance_is_registered_and_no_longer(asked: Path, unit: Path, dev: Path) -> None:
    report = KeptReport()
    enable("dev", report=report)
    assert f"ConditionPathExists={dev}/lima.yaml\n" in unit.read_text()
    disable("dev", report=report)

    assert not unit.exists()
    assert report.lines[0] == f"info: The instance 'dev' starts when you log in ({UNIT})"
    assert report.lines[-1] == "info: The instance 'dev' does not start by itself any more"


def test_disabling_what_is_not_registered_is_no_error(asked: Path) -> None:
    report = KeptReport()
    disable("dev", report=report)

    assert "nothing to disable" in report.lines[0]
    assert not asked.exists()


@pytest.mark.parametrize("name", ["none", "../dev", "x" * 200, "größe", ""])
def test_what_does_not_exist_cannot_be_registered(asked: Path, name: str) -> None:
    for act in (enable, disable):
        with pytest.raises(UserError):
            act(name, report=KeptReport())


def test_a_unit_whose_instance_was_removed_by_hand_can_be_disabled(asked: Path, unit: Path, dev: Path) -> None:
    enable("dev", report=KeptReport())
    (dev / "lima.yaml").unlink()

    with pytest.raises(NotFoundError):
        enable("dev", report=KeptReport())
    disable("dev", report=KeptReport())
    assert not unit.exists()


@pytest.mark.parametrize(
    ("condition", "user", "word"),
    [
        ("boot", "", "enable-linger"),
        ("never", "", "login or boot"),
        ("", "", "login or boot"),
        ("login", "me", "--user"),
    ],
)
def test_a_condition_that_this_host_does_not_know_is_an_error(
    asked: Path, unit: Path, condition: str, user: str, word: str
) -> None:
    with pytest.raises(UserError) as raised:
        enable("dev", condition=condition, user=user, report=KeptReport())

    assert word in str(raised.value)
    assert not unit.exists()


def test_a_host_without_a_manager_says_what_else_there_is(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "BOOTED", "/nowhere")

    for act in (enable, disable):
        with pytest.raises(UserError, match="on this host"):
            act("dev", report=KeptReport())


def test_a_start_is_asked_of_the_manager_once_all_is_prepared(asked: Path) -> None:
    enable("dev", report=KeptReport())
    asked.unlink()
    done = []

    assert start_by_manager("dev", lambda: done.append(asked.exists()), foreground=False, report=KeptReport()) == UNIT
    assert done == [False]
    assert asked.read_text().splitlines()[-1] == f"--user start {UNIT}"


def test_what_is_not_registered_or_in_the_foreground_is_ours_to_start(asked: Path) -> None:
    report = KeptReport()
    assert start_by_manager("dev", nothing, foreground=False, report=report) == ""
    enable("dev", report=KeptReport())
    asked.unlink()
    assert start_by_manager("dev", nothing, foreground=True, report=report) == ""

    assert report.lines == ["warning: 'dev' is registered to start by itself; systemd does not know of this run"]
    assert not asked.exists()


def test_a_manager_that_refuses_keeps_nothing_from_starting(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enable("dev", report=KeptReport())
    monkeypatch.setenv("REFUSE", "start")
    report = KeptReport()

    assert start_by_manager("dev", nothing, foreground=False, report=report) == ""
    assert "no bus" in report.lines[0]


def test_the_identity_is_shown_and_a_stop_is_asked_of_the_manager(running: Path, asked: Path) -> None:
    instance = inspect("dev")

    assert instance.auto_started_identifier == UNIT
    assert stop_by_manager(instance, report=KeptReport())
    assert asked.read_text() == f"--user --no-block stop {UNIT}\n"


def test_a_manager_that_refuses_leaves_the_stop_to_us(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUSE", "stop")
    report = KeptReport()

    assert not stop_by_manager(inspect("dev"), report=report)
    assert "no bus" in report.lines[0]


def test_an_agent_that_was_started_by_hand_is_ours_to_stop(asked: Path, dev: Path) -> None:
    enable("dev", report=KeptReport())
    asked.unlink()

    assert not stop_by_manager(inspect("dev"), report=KeptReport())
    assert not asked.exists()


def test_a_killed_instance_is_not_started_again_by_its_manager(asked: Path, dev: Path) -> None:
    stop("dev", force=True, report=KeptReport())
    assert not asked.exists()

    enable("dev", report=KeptReport())
    stop("dev", force=True, report=KeptReport())
    assert asked.read_text().splitlines()[-1] == f"--user --no-block stop {UNIT}"


def test_a_kill_does_not_need_the_manager(asked: Path, dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enable("dev", report=KeptReport())
    monkeypatch.setenv("REFUSE", "stop")
    report = KeptReport()
    keep_down("dev", str(dev), report=report)

    assert report.lines[0].startswith("warning: systemd may start 'dev' again")


def test_a_deleted_instance_is_registered_no_longer(asked: Path, unit: Path, dev: Path) -> None:
    enable("dev", report=KeptReport())
    delete("dev", force=False, report=KeptReport())

    assert not unit.exists()
    assert not dev.exists()


def test_another_name_is_registered_instead(asked: Path, unit: Path, dev: Path) -> None:
    enable("dev", report=KeptReport())
    os.rename(dev, dev.with_name("work"))
    follow_rename("dev", "work", report=KeptReport())

    assert [path.name for path in unit.parent.iterdir()] == ["lima-vm@work.service"]
    assert f"{dev.with_name('work')}/lima.yaml" in unit.with_name("lima-vm@work.service").read_text()


def test_a_rename_of_what_is_not_registered_asks_nobody(asked: Path, dev: Path) -> None:
    follow_rename("dev", "work", report=KeptReport())

    assert not asked.exists()


def test_a_failure_after_a_rename_is_a_warning(asked: Path, dev: Path) -> None:
    enable("dev", report=KeptReport())
    report = KeptReport()
    follow_rename("dev", "missing", report=report)

    assert report.lines[-1].startswith("warning: whether 'missing' starts by itself is not settled")


def test_a_home_that_cannot_be_written_to_is_one_message(
    asked: Path, dev: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))

    with pytest.raises(OSError, match="Not a directory"):
        enable("dev", report=KeptReport())
    assert not asked.exists()
