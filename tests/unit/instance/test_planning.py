"""What is decided for one run, and what it keeps of the run before."""

from pathlib import Path

import pytest

from limavm.instance.planning import agent_token, write_plan
from limavm.instance.resolving import checked_driver, resolve_and_cache
from limavm.model.plan import Plan


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


def test_a_damaged_plan_means_another_token(tmp_path: Path) -> None:
    (tmp_path / "machine.json").write_text("{")

    assert len({agent_token(str(tmp_path)), agent_token(str(tmp_path))}) == 2


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
