"""spec/cli.md 6.22, `guest-install`: what is sent to a guest that runs, and to which it is not."""

import sys
from pathlib import Path

import pytest

from limavm.errors import NotFoundError, UserError
from limavm.instance.guestinstall import guest_install
from limavm.seed.agentbundle import bundle
from tests.fakes.portagent import port_agent
from tests.fakes.report import KeptReport

if sys.platform == "win32":
    pytest.skip("unix sockets", allow_module_level=True)


def ssh(home: Path, script: str) -> None:
    """Put an `ssh` in the place of the real one."""
    program = home.parent / "bin" / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_the_bundle_and_a_script_are_sent_over_ssh(dev: Path, home: Path) -> None:
    ssh(home, f'echo "$*" >>{home}/calls; cat >{home}/stdin.$(wc -l <{home}/calls)')
    report = KeptReport()

    with port_agent(dev, []):
        guest_install("dev", report=report)

    first, second = (home / "calls").read_text().splitlines()
    assert first.startswith(f"-F {dev}/ssh.config lima-dev -- sudo -n sh -c ")
    assert second == f"-F {dev}/ssh.config lima-dev -- sudo -n sh"
    assert (home / "stdin.1").read_bytes() == bundle()
    assert b"LIMA_CIDATA_GUESTAGENT_DIGEST" in (home / "stdin.2").read_bytes()


def test_a_failure_in_the_guest_is_told(dev: Path, home: Path) -> None:
    ssh(home, "cat >/dev/null; echo sudo: a password is required >&2; exit 1")

    with port_agent(dev, []), pytest.raises(UserError, match="a password is required"):
        guest_install("dev", report=KeptReport())


def test_a_stopped_instance_is_refused(dev: Path) -> None:
    with pytest.raises(UserError, match="'dev' is not running"):
        guest_install("dev", report=KeptReport())


def test_an_instance_that_does_not_exist_is_told(home: Path) -> None:
    with pytest.raises(NotFoundError):
        guest_install("nope", report=KeptReport())


def test_a_plain_instance_has_no_agent(dev: Path) -> None:
    text = (dev / "lima.yaml").read_text()
    (dev / "lima.yaml").write_text(f"{text}\nplain: true\n")

    with port_agent(dev, []), pytest.raises(UserError, match="plain mode"):
        guest_install("dev", report=KeptReport())
