"""What is decided for one run, and what it keeps of the run before."""

from pathlib import Path

import pytest

from limavm.instance.another import original_for
from limavm.instance.clone import clone
from limavm.instance.planning import agent_token, write_plan
from limavm.instance.rename import rename
from limavm.instance.resolving import checked_driver, resolve_and_cache
from limavm.model.plan import Plan
from tests.fakes.report import KeptReport


def planned(directory: Path, name: str = "dev") -> Plan:
    config, _ = resolve_and_cache(str(directory))
    driver, _ = checked_driver(config)
    return write_plan(name, str(directory), config, driver)


def test_the_token_of_the_guest_agent_stays_from_run_to_run_and_reaches_the_guest(dev: Path) -> None:
    first, second = planned(dev), planned(dev)

    assert first.machine.boot_token != second.machine.boot_token
    assert first.agent_token == second.agent_token
    assert len(first.agent_token) == 32
    assert f"LIMA_CIDATA_AGENT_TOKEN={first.agent_token}\n".encode() in (dev / "cidata.iso").read_bytes()


def test_a_crash_in_the_first_boot_leaves_no_empty_files(dev: Path) -> None:
    (dev / "kernel").touch()
    (dev / "kernel.cmdline").write_text("root=UUID=1 rw rootflags=noinit_itable quiet\n")

    first = planned(dev).machine.boot
    (dev / "serial.log").touch()
    second = planned(dev).machine.boot

    assert first
    assert first.cmdline == "root=UUID=1 rw rootflags=noinit_itable,nodelalloc quiet"
    assert second
    assert second.cmdline == "root=UUID=1 rw rootflags=noinit_itable quiet"


def test_each_start_writes_an_inventory_for_ansible(dev: Path) -> None:
    planned(dev)

    assert f"-F {dev}/ssh.config" in (dev / "ansible-inventory.yaml").read_text()


def test_a_damaged_plan_means_no_other_token(dev: Path) -> None:
    first = planned(dev)
    (dev / "machine.json").write_text("{")

    assert agent_token(str(dev)) == first.agent_token
    assert (dev / "agent-token").stat().st_mode & 0o777 == 0o600


def test_the_token_of_an_older_version_is_kept(dev: Path) -> None:
    first = planned(dev)
    (dev / "agent-token").unlink()

    assert agent_token(str(dev)) == first.agent_token


def test_the_agent_of_a_clone_and_of_a_renamed_instance_begins_with_the_token_that_is_wanted(
    dev: Path, home: Path
) -> None:
    first = planned(dev)

    with original_for("twin", of="dev", done="cloned") as original:
        clone(original, "twin", original.text, report=KeptReport())
    with original_for("web", of="dev", done="renamed") as original:
        rename(original, "web", original.text, report=KeptReport())

    assert {planned(home / name, name).agent_token for name in ("twin", "web")} == {first.agent_token}


@pytest.mark.parametrize(
    ("version", "name", "is_legacy"),
    [("1.2.3", "default", True), (None, "default", True), ("2.0.0", "default", False), ("1.2.3", "dev", False)],
)
def test_the_default_instance_of_lima_1_keeps_its_port(
    dev: Path, version: str | None, name: str, is_legacy: bool
) -> None:
    (dev / "lima-version").unlink()
    if version:
        (dev / "lima-version").write_text(version)

    assert (planned(dev, name).machine.nic.ssh_port == 60022) is is_legacy
