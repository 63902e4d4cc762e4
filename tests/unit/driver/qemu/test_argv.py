"""Command lines of QEMU: whole vectors for every architecture, and single options."""

from collections.abc import Callable

import pytest

from limavm.driver.qemu.argv import argv, conflicts, data_disk_args, needs_firmware, without_conflicts
from limavm.driver.qemu.facts import Firmware
from limavm.errors import UserError
from limavm.model.arch import Arch
from limavm.model.config import Audio, Video
from limavm.model.machine import Drive, Share, SocketNIC
from tests.unit.driver.qemu.machines import DIRECTORY, a_machine, a_qemu, direct_boot, value

Golden = Callable[[str, str], None]


@pytest.mark.parametrize("arch", list(Arch))
def test_every_architecture_has_its_command_line(arch: Arch, golden: Golden) -> None:
    qemu = a_qemu(arch) if needs_firmware(arch, legacy_bios=False) else a_qemu(arch, firmware=None)

    golden(f"qemu/{arch}.txt", "\n".join(argv(a_machine(arch), qemu)) + "\n")


def test_a_kernel_of_the_instance_is_booted_directly(golden: Golden) -> None:
    golden("qemu/direct-boot.txt", "\n".join(argv(a_machine(boot=direct_boot()), a_qemu(firmware=None))) + "\n")


def test_a_legacy_bios_needs_no_firmware(golden: Golden) -> None:
    golden("qemu/legacy-bios.txt", "\n".join(argv(a_machine(legacy_bios=True), a_qemu(firmware=None))) + "\n")


def test_a_machine_may_have_everything(golden: Golden) -> None:
    machine = a_machine(
        iso=f"{DIRECTORY}/iso",
        data_disks=(Drive(path="/home/ann/.lima/_disks/a/datadisk", format="raw"),),
        boot=direct_boot(),
        networks=(SocketNIC(mac="52:55:55:01:02:03", socket="/run/vmnet.sock"),),
        share_type="virtiofs",
        shares=(Share(tag="lima-0011223344556677", location="/home/ann"),),
        audio=Audio(device="default", interface="virtio"),
        video=Video(display="vnc"),
        tpm=True,
    )

    golden("qemu/everything.txt", "\n".join(argv(machine, a_qemu(accelerator="kvm", cpu="host"))) + "\n")


def test_commas_in_the_instance_directory_are_doubled_wherever_qemu_parses() -> None:
    machine = a_machine(
        directory="/a,b",
        iso="/a,b/iso",
        data_disks=(Drive(path="/a,b/data", format="qcow2"),),
        networks=(SocketNIC(mac="52:55:55:01:02:03", socket="/a,b/net.sock"),),
        share_type="9p",
        shares=(Share(tag="lima-0", location="/a,b"),),
        tpm=True,
    )
    qemu = a_qemu(firmware=Firmware(code="/a,b/code.fd", variables="/a,b/vars.fd"))

    vector = argv(machine, qemu)

    assert [word for word in vector if "/a,b" in word] == ["/a,b/qemu.pid"]
    assert sum("/a,,b" in word for word in vector) == 13


def test_commas_of_a_kernel_are_kept() -> None:
    vector = argv(a_machine(boot=direct_boot("/a,b")), a_qemu())

    assert value(vector, "-kernel") == "/a,b/kernel"
    assert value(vector, "-initrd") == "/a,b/initrd"


@pytest.mark.parametrize("directory", ["/home/ü ñ/日本", "/with space/x", "/quote'\"$(x)`"])
def test_any_other_character_of_a_path_goes_as_it_is(directory: str) -> None:
    vector = argv(a_machine(directory=directory), a_qemu())

    assert value(vector, "-qmp") == "chardev:char-qmp"
    assert value(vector, "-chardev", "char-qmp") == f"socket,id=char-qmp,path={directory}/qmp.sock,server=on,wait=off"


def test_every_drive_has_an_explicit_format() -> None:
    machine = a_machine(iso="/i", data_disks=(Drive(path="/d", format="raw", read_only=True),))

    vector = argv(machine, a_qemu())

    drives = [text for name, text in zip(vector[1::2], vector[2::2], strict=True) if name == "-drive"]
    assert len(drives) == 6
    assert all("format=" in drive for drive in drives)
    assert data_disk_args(machine.data_disks[0])[1] == "file=/d,format=raw,if=virtio,discard=on,readonly=on"


def test_the_firmware_is_read_only_and_its_variables_are_not() -> None:
    vector = argv(a_machine(), a_qemu())

    assert value(vector, "-drive", "CODE") == "if=pflash,format=raw,readonly=on,file=/usr/share/fw/CODE.fd"
    assert value(vector, "-drive", "vars") == f"if=pflash,format=raw,file={DIRECTORY}/qemu-efi-vars.fd"


@pytest.mark.parametrize(
    ("arch", "legacy", "expected"),
    [
        (Arch.X86_64, False, True),
        (Arch.X86_64, True, False),
        (Arch.ARMV7L, True, False),
        (Arch.AARCH64, True, True),
        (Arch.RISCV64, True, True),
        (Arch.PPC64LE, False, False),
        (Arch.S390X, False, False),
    ],
)
def test_only_two_architectures_have_a_legacy_bios(arch: Arch, legacy: bool, expected: bool) -> None:
    assert needs_firmware(arch, legacy_bios=legacy) is expected


@pytest.mark.parametrize(("arch", "expected"), [(Arch.X86_64, False), (Arch.AARCH64, True), (Arch.S390X, False)])
def test_a_direct_boot_does_without_uefi_on_x86(arch: Arch, expected: bool) -> None:
    assert needs_firmware(arch, legacy_bios=False, direct_boot=True) is expected


def test_a_direct_boot_uses_the_firmware_of_the_configuration() -> None:
    assert needs_firmware(Arch.X86_64, legacy_bios=False, direct_boot=True, own_firmware=True)


def test_options_that_the_user_gives_are_left_out() -> None:
    qemu = a_qemu(leading=("-m", "512", "-cpu", "qemu64"))

    vector = argv(a_machine(), qemu)

    assert vector[:5] == ["/usr/bin/qemu-system-x86_64", "-m", "512", "-cpu", "qemu64"]
    assert vector.count("-m") == vector.count("-cpu") == 1
    assert conflicts(a_machine(), qemu) == ["-cpu", "-m"]


def test_options_that_may_be_repeated_are_kept() -> None:
    kept, dropped = without_conflicts(["-device", "a", "-boot", "b"], ["-device", "x", "-boot", "y"])

    assert (kept, dropped) == (["-device", "a"], ["-boot"])


@pytest.mark.parametrize(
    ("version", "ending"),
    [((7, 2, 0), "/s"), ((8, 0, 0), "/s,reconnect=1"), ((9, 2, 0), "/s,reconnect-ms=500"), (None, "/s")],
)
def test_a_network_socket_is_connected_to_again_where_qemu_can(version: object, ending: str) -> None:
    machine = a_machine(networks=(SocketNIC(mac="52:55:55:01:02:03", socket="/s"),))

    vector = argv(machine, a_qemu(version=version))

    expected = "stream,id=net1,server=off,addr.type=unix,addr.path=" + ending
    assert value(vector, "-netdev", "net1") == expected
    assert value(vector, "-device", "netdev=net1") == "virtio-net-pci,netdev=net1,mac=52:55:55:01:02:03"


def test_a_network_socket_needs_qemu_7_2() -> None:
    machine = a_machine(networks=(SocketNIC(mac="52:55:55:01:02:03", socket="/s"),))

    with pytest.raises(UserError, match="cannot connect") as caught:
        argv(machine, a_qemu(version=(7, 1, 0)))
    assert caught.value.hint == "install QEMU 7.2 or newer"
