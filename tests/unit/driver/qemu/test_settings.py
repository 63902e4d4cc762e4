"""QEMU's defaults, and what it refuses."""

import pytest
from msgspec.structs import replace

from limavm.driver.qemu.settings import fill, needs_installed_firmware, problems, warnings
from limavm.model.arch import Arch
from limavm.model.config import VNC, Firmware, FirmwareImage, Image, Kernel, Mount, Network, Video, Virtiofs
from tests.unit.driver.qemu.machines import LINUX, a_config


@pytest.mark.parametrize(
    ("host_os", "unsupported", "creator", "expected"),
    [
        ("linux", (), "", "9p"),
        ("linux", (), "2.2.0", "9p"),
        ("linux", (), "0.23.2", "reverse-sshfs"),
        ("linux", (), "something", "9p"),
        ("linux", ("9p",), "2.2.0", "reverse-sshfs"),
        ("darwin", (), "2.2.0", "9p"),
        ("windows", (), "2.2.0", "reverse-sshfs"),
    ],
)
def test_the_mount_type_is_one_that_works(
    host_os: str, unsupported: tuple[str, ...], creator: str, expected: str
) -> None:
    config = a_config(mount_types_unsupported=unsupported)

    assert fill(config, replace(LINUX, os=host_os), creator).mount_type == expected


def test_what_the_user_chose_is_kept() -> None:
    config = a_config(mount_type="reverse-sshfs", video=Video(vnc=VNC(display="127.0.0.1:7")))

    assert fill(config, LINUX, "") == config


def test_a_vnc_display_looks_for_a_free_number() -> None:
    assert fill(a_config(), LINUX, "").video.vnc.display == "127.0.0.1:0,to=9"


def test_virtiofs_has_a_queue_size() -> None:
    mounts = (
        Mount(location="/a", mount_point="/a"),
        Mount(location="/b", mount_point="/b", virtiofs=Virtiofs(queue_size=64)),
    )

    filled = fill(a_config(mount_type="virtiofs", mounts=mounts), LINUX, "")

    assert [mount.virtiofs.queue_size for mount in filled.mounts] == [1024, 64]


def test_an_ordinary_configuration_has_no_problems() -> None:
    assert problems(fill(a_config(), LINUX, ""), LINUX) == []


def test_all_problems_are_reported_together() -> None:
    config = a_config(
        mount_type="virtiofs",
        mount_types_unsupported=("virtiofs",),
        vm_opts={"qemu": {"minimumVersion": "new"}},
        tpm=True,
    )

    found = problems(config, replace(LINUX, os="windows"))

    assert [problem.partition(":")[0] for problem in found] == [
        "mountType",
        "mountType",
        "vmOpts.qemu.minimumVersion",
        "tpm",
    ]


@pytest.mark.parametrize(("options", "fine"), [("fast", False), ([1], False), (None, True), ({}, True)])
def test_the_options_of_qemu_are_a_mapping(options: object, fine: bool) -> None:
    assert (problems(a_config(vm_opts={"qemu": options}), LINUX) == []) is fine


def test_a_network_by_name_is_accepted_as_instances_of_lima_have_them() -> None:
    assert problems(a_config(networks=(Network(lima="user-v2"),)), LINUX) == []


@pytest.mark.parametrize(("host_os", "allowed"), [("linux", True), ("darwin", False), ("windows", False)])
def test_virtiofs_is_for_linux_hosts(host_os: str, allowed: bool) -> None:
    found = problems(a_config(mount_type="virtiofs"), replace(LINUX, os=host_os))

    assert (found == []) is allowed


def test_what_has_no_effect_is_said() -> None:
    config = a_config(arch=Arch.AARCH64, firmware=Firmware(legacy_bios=True), networks=(Network(vz_nat=True),))

    assert warnings(config) == [
        "networks[0].vzNAT is for another driver and has no effect",
        "firmware.legacyBIOS has no effect for aarch64",
    ]
    assert warnings(a_config(firmware=Firmware(legacy_bios=True))) == []


def test_firmware_must_be_installed_unless_the_configuration_may_do_without() -> None:
    kernel = Kernel(location="/k", arch=Arch.X86_64)
    plain, direct = (Image(location="/i", arch=Arch.X86_64, kernel=boots) for boots in (None, kernel))
    built = Image(location="mmdebstrap:trixie", arch=Arch.X86_64)
    own = Firmware(images=(FirmwareImage(location="/f", arch=Arch.X86_64),))

    assert needs_installed_firmware(a_config(images=(plain,)))
    assert not needs_installed_firmware(a_config(images=(plain, direct)))
    assert not needs_installed_firmware(a_config(images=(plain, built)))
    assert not needs_installed_firmware(a_config(images=(plain,), firmware=own))
    assert not needs_installed_firmware(a_config(images=(plain,), firmware=Firmware(legacy_bios=True)))


@pytest.mark.parametrize(("arch", "cpus", "count"), [("x86_64", 288, 0), ("x86_64", 9999, 1), ("riscv64", 513, 1)])
def test_more_cpus_than_a_machine_can_have_are_refused_before_anything_is_fetched(
    arch: str, cpus: int, count: int
) -> None:
    assert len(problems(a_config(arch=Arch(arch), cpus=cpus), LINUX)) == count


@pytest.mark.parametrize(("count", "expected"), [(120, 0), (121, 1)])
def test_more_directories_than_virtiofs_has_room_for_are_refused(count: int, expected: int) -> None:
    mounts = tuple(Mount(location=f"/srv/{number}", mount_point=f"/mnt/{number}") for number in range(count))

    found = problems(fill(a_config(mount_type="virtiofs", mounts=mounts), LINUX, ""), LINUX)

    assert [one for one in found if "has room for 120" in one] == found
    assert len(found) == expected
