"""Programs beside QEMU."""

import sys
from pathlib import Path

import msgspec
import pytest

from limavm.driver.qemu import virtiofsd
from limavm.driver.qemu.helpers import helpers, keeper, swtpm
from limavm.errors import UserError
from limavm.model.machine import Share
from tests.unit.driver.qemu.machines import a_machine

RUST = virtiofsd.Daemon(program="/usr/libexec/virtiofsd", dialect=virtiofsd.Dialect.RUST)
SHARE = Share(tag="lima-0", location="/home/ann")


def test_a_plain_machine_needs_nothing() -> None:
    assert helpers(a_machine(), "/usr/bin/qemu", "/home/ann") == []


def test_a_machine_that_only_may_be_given_shares_needs_no_daemon_yet() -> None:
    assert helpers(a_machine(share_type="virtiofs"), "/usr/bin/qemu", "/home/ann") == []


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


def test_a_virtiofsd_is_kept_by_a_process_that_reads_what_to_do() -> None:
    helper = keeper(RUST, SHARE, ["/usr/libexec/virtiofsd"], "/inst/virtiofsd-1.sock")

    assert helper.argv == (sys.executable, "-P", "-m", "limavm.virtiofs", "/inst/virtiofs-1.json")
    assert helper.order
    assert helper.order[0] == "/inst/virtiofs-1.json"
    assert msgspec.json.decode(helper.order[1])["argv"] == ["/usr/libexec/virtiofsd"]


def test_who_ends_every_virtiofsd_by_name_does_not_hit_the_one_that_starts_them_again() -> None:
    helper = keeper(RUST, SHARE, ["/usr/libexec/virtiofsd"], "/inst/virtiofsd-1.sock")

    assert not any("virtiofsd" in word for word in helper.argv)


def test_what_an_earlier_keeper_left_is_removed() -> None:
    helper = keeper(RUST, SHARE, [], "/inst/virtiofsd-1.sock")

    assert helper.stale == ("/inst/virtiofsd-1.sock", "/inst/virtiofsd-1.status")
