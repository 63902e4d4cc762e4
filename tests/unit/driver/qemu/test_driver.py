"""What the driver says of a host, by a QEMU that is not one."""

from pathlib import Path

import pytest

from limavm.driver.qemu import virtiofsd
from limavm.driver.qemu.driver import QemuDriver
from limavm.errors import UserError
from limavm.model.config import Firmware, Mount
from tests.unit.driver.qemu.machines import a_config, install_fake_qemu


def test_the_host_is_checked_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_fake_qemu(tmp_path, monkeypatch)
    monkeypatch.setenv("LIMA_QEMU_ACCEL", "tcg")
    monkeypatch.setenv("FAKE_QEMU_VERSION", "5.2.0")
    assert "QEMU 5.2.0 is old; 6.2.0 or newer works better" in QemuDriver().check_host(a_config())

    minimum = a_config(vm_opts={"qemu": {"minimumVersion": "8.0.0"}}, firmware=Firmware(legacy_bios=True))
    with pytest.raises(UserError, match="older than the configuration asks for"):
        QemuDriver().check_host(minimum)


def test_an_accelerator_that_this_qemu_lacks_is_refused_when_forced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_fake_qemu(tmp_path, monkeypatch)
    monkeypatch.setenv("LIMA_QEMU_ACCEL", "hvf")

    with pytest.raises(UserError, match="was built without hvf"):
        QemuDriver().check_host(a_config())


def test_virtiofs_without_a_daemon_for_this_user_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_fake_qemu(tmp_path, monkeypatch)
    monkeypatch.setenv("LIMA_QEMU_ACCEL", "tcg")
    config = a_config(mount_type="virtiofs", mounts=(Mount(location="/srv", mount_point="/srv"),))
    monkeypatch.setattr(virtiofsd, "candidates", lambda directories: iter(()))

    with pytest.raises(UserError, match="virtiofsd is not installed"):
        QemuDriver().check_host(config)


@pytest.mark.parametrize("box", virtiofsd.Sandbox)
def test_a_virtiofsd_without_its_sandbox_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, box: virtiofsd.Sandbox
) -> None:
    install_fake_qemu(tmp_path, monkeypatch)
    monkeypatch.setenv("LIMA_QEMU_ACCEL", "tcg")
    config = a_config(mount_type="virtiofs", mounts=(Mount(location="/srv", mount_point="/srv"),))
    daemon = virtiofsd.Daemon(program="virtiofsd", dialect=virtiofsd.Dialect.RUST)
    monkeypatch.setattr(virtiofsd, "find", lambda *_: daemon)
    monkeypatch.setattr(virtiofsd, "sandbox", lambda uid: box)

    warned = virtiofsd.NO_SANDBOX in QemuDriver().check_host(config)

    assert warned is (box is virtiofsd.Sandbox.NONE)
