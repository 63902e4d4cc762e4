"""Programs beside QEMU."""

import json
from pathlib import Path

import pytest

from limavm.driver.qemu.helpers import find_virtiofsd, helpers, swtpm, virtiofsd, virtiofsd_directories
from limavm.errors import UserError
from limavm.model.machine import Share
from tests.unit.driver.qemu.machines import a_machine


def describe_program(directory: Path, name: str, script: str, kind: str = "fs") -> Path:
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    (directory / f"{name}.json").write_text(json.dumps({"type": kind, "binary": str(program)}))
    return program


def test_a_plain_machine_needs_nothing() -> None:
    assert helpers(a_machine(), "/usr/bin/qemu", "/home/ann") == []


def test_swtpm_keeps_its_state_in_the_instance() -> None:
    helper = swtpm("/usr/bin/swtpm", "/inst")

    assert " ".join(helper.argv) == (
        "/usr/bin/swtpm socket --tpmstate dir=/inst/swtpm --ctrl type=unixio,path=/inst/swtpm.sock "
        "--tpm2 --terminate --log level=1"
    )
    assert helper.stale == ("/inst/swtpm.sock", "/inst/swtpm/.lock")


def test_a_missing_swtpm_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UserError, match="'swtpm' is not installed"):
        helpers(a_machine(tpm=True), "/usr/bin/qemu", str(tmp_path))


def test_each_share_has_its_own_virtiofsd() -> None:
    helper = virtiofsd("/usr/libexec/virtiofsd", Share(tag="lima-0", location="/home/ann"), "/inst", 1)

    assert helper.argv[1:] == ("--socket-path", "/inst/virtiofsd-1.sock", "--shared-dir", "/home/ann")


def test_descriptions_are_looked_for_from_the_user_to_the_system() -> None:
    assert virtiofsd_directories("/opt/q/bin/qemu", "/home/ann") == [
        "/home/ann/.local/share/qemu/vhost-user",
        "/opt/q/share/qemu/vhost-user",
        "/usr/share/qemu/vhost-user",
    ]


def test_the_virtiofsd_that_answers_is_taken(tmp_path: Path) -> None:
    describe_program(tmp_path, "10-gpu", "exit 0", kind="gpu")
    describe_program(tmp_path, "20-old", "exit 1")
    good = describe_program(tmp_path, "50-good", "exit 0")
    (tmp_path / "30-broken.json").write_text("{")
    (tmp_path / "31-gone.json").write_text('{"type":"fs","binary":"/nowhere/virtiofsd"}')

    assert find_virtiofsd([str(tmp_path / "absent"), str(tmp_path)]) == str(good)


def test_a_missing_virtiofsd_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="virtiofsd is not installed"):
        find_virtiofsd([str(tmp_path)])
