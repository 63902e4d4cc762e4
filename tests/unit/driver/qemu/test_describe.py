"""From a configuration to the machine that QEMU runs."""

import hashlib
from typing import Any

import msgspec
import pytest

from limavm.driver.qemu.describe import cpu_type, describe, mac, qemu_options
from limavm.model.arch import Arch
from limavm.model.config import Config, Firmware, FirmwareImage, Mount, Network, NineP, Virtiofs
from limavm.model.machine import DirectBoot, Drive, Files, Machine, Run, Share, SocketNIC, UserNIC
from tests.unit.driver.qemu.machines import DIRECTORY, a_config


def described(config: Config, files: Files | None = None) -> Machine:
    run = Run(
        name="dev",
        directory=DIRECTORY,
        ssh_port=60022,
        machine_id="host",
        files=files or Files(),
        boot_token="token",
    )
    return describe(config, run)


def test_a_machine_has_what_the_configuration_says() -> None:
    machine = described(a_config(firmware=Firmware(legacy_bios=True)))

    assert (machine.cpus, machine.memory, machine.arch) == (4, 4 << 30, Arch.X86_64)
    assert machine.legacy_bios
    assert machine.disk == Drive(path=f"{DIRECTORY}/disk", format="qcow2")
    assert machine.seed == f"{DIRECTORY}/cidata.iso"
    assert machine.boot_token == "token"
    assert machine.boot is None


def test_a_machine_has_the_files_that_exist() -> None:
    data = Drive(path="/d", format="raw")
    files = Files(disk_format="raw", iso=True, kernel=True, cmdline="a=b\n", data_disks=(data,))

    machine = described(a_config(), files)

    assert machine.disk == Drive(path=f"{DIRECTORY}/disk", format="raw")
    assert machine.iso == f"{DIRECTORY}/iso"
    assert machine.boot == DirectBoot(kernel=f"{DIRECTORY}/kernel", cmdline="a=b")
    assert machine.data_disks == (data,)


@pytest.mark.parametrize(
    ("os", "plain", "expected"), [("Linux", False, True), ("Linux", True, False), ("FreeBSD", False, False)]
)
def test_the_guest_agent_has_a_socket_where_there_is_an_agent(os: str, plain: bool, expected: bool) -> None:
    machine = described(a_config(os=os, plain=plain))

    assert machine.agent_socket == (f"{DIRECTORY}/ga.sock" if expected else "")


def test_a_machine_may_have_no_disk() -> None:
    assert described(a_config(), Files(disk_format=None)).disk is None


def test_the_mac_address_depends_on_host_and_instance_only() -> None:
    expected = hashlib.sha256(b"host" + DIRECTORY.encode()).digest()[:3].hex(":")

    assert described(a_config()).nic == UserNIC(mac=f"52:55:55:{expected}", ssh_port=60022)
    assert mac("host", DIRECTORY) != mac("other", DIRECTORY)


def test_an_undecodable_path_has_a_mac_address_as_well() -> None:
    assert mac("host", b"/home/\xff".decode(errors="surrogateescape")).startswith("52:55:55:")


def test_networks_with_a_socket_become_interfaces() -> None:
    networks = (Network(socket="/a"), Network(lima="shared"), Network(socket="/b", mac_address="52:55:55:00:00:09"))

    machine = described(a_config(networks=networks))

    assert machine.networks == (
        SocketNIC(mac=mac("host", f"{DIRECTORY}/lima.yaml#0"), socket="/a"),
        SocketNIC(mac="52:55:55:00:00:09", socket="/b"),
    )


@pytest.mark.parametrize("mount_type", ["9p", "virtiofs"])
def test_mounts_are_shared_by_the_hypervisor_where_it_serves_them(mount_type: str) -> None:
    mount = Mount(
        location="/home/ann",
        mount_point="/mnt",
        writable=True,
        ninep=NineP(security_model="passthrough"),
        virtiofs=Virtiofs(queue_size=64),
    )

    machine = described(a_config(mount_type=mount_type, mounts=(mount,)))

    tag = "lima-" + hashlib.sha256(b"/home/ann:/mnt").hexdigest()[:16]
    share = Share(tag=tag, location="/home/ann", writable=True, security_model="passthrough", queue_size=64)
    assert (machine.share_type, machine.shares) == (mount_type, (share,))


def test_mounts_over_ssh_are_not_the_hypervisors_business() -> None:
    mount = Mount(location="/home/ann", mount_point="/mnt")

    machine = described(a_config(mount_type="reverse-sshfs", mounts=(mount,)))

    assert (machine.share_type, machine.shares) == ("", ())


def test_a_machine_with_virtiofs_may_be_given_its_first_share_later() -> None:
    assert described(a_config(mount_type="virtiofs")).share_type == "virtiofs"
    assert described(a_config(mount_type="virtiofs", plain=True)).share_type == ""
    assert described(a_config(mount_type="9p")).share_type == ""


def test_a_cpu_model_counts_for_its_architecture_only() -> None:
    options = {"cpuType": {"aarch64": "cortex-a72", "x86_64": ""}}

    assert cpu_type(options, Arch.AARCH64) == "cortex-a72"
    assert cpu_type(options, Arch.X86_64) is None
    assert cpu_type({"cpuType": None}, Arch.X86_64) is None


@pytest.mark.parametrize("options", [{}, {"qemu": None}, {"vz": {"a": 1}}])
def test_options_of_qemu_may_be_absent(options: dict[str, Any]) -> None:
    assert qemu_options(a_config(vm_opts=options)) == {}


def test_a_machine_survives_its_way_to_the_disk_and_back() -> None:
    firmware = Firmware(images=(FirmwareImage(location="/fw", arch=Arch.X86_64),))
    machine = described(a_config(firmware=firmware, vm_opts={"qemu": {"minimumVersion": "8.0.0"}}))

    assert machine.minimum_driver_version == "8.0.0"
    assert msgspec.json.decode(msgspec.json.encode(machine), type=Machine) == machine
