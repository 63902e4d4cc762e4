"""Consoles, displays, sound, TPM and shares of a QEMU command line."""

import pytest

from limavm.driver.qemu.argv import argv
from limavm.model.arch import Arch
from limavm.model.config import VNC, Audio, Video
from limavm.model.machine import Share
from tests.unit.driver.qemu.machines import a_machine, a_qemu, value


def test_shared_directories_are_read_only_unless_writable() -> None:
    shares = (
        Share(tag="lima-a", location="/home/ann"),
        Share(tag="lima-b", location="/tmp/lima", writable=True, security_model="mapped-xattr"),
    )

    vector = argv(a_machine(share_type="9p", shares=shares), a_qemu())

    read_only = "local,mount_tag=lima-a,path=/home/ann,security_model=none,readonly=on,multidevs=remap"
    assert value(vector, "-virtfs", "lima-a") == read_only
    writable = "local,mount_tag=lima-b,path=/tmp/lima,security_model=mapped-xattr,multidevs=remap"
    assert value(vector, "-virtfs", "lima-b") == writable


@pytest.mark.parametrize(
    ("version", "expected"), [((4, 1, 1), False), ((4, 2, 0), True), ((10, 0, 2), True), (None, True)]
)
def test_files_of_several_file_systems_keep_apart_where_this_qemu_can(version: object, expected: bool) -> None:
    machine = a_machine(share_type="9p", shares=(Share(tag="lima-a", location="/home/ann"),))

    vector = argv(machine, a_qemu(version=version))

    assert ("multidevs=remap" in value(vector, "-virtfs", "lima-a")) is expected


@pytest.mark.parametrize(
    ("audio", "version", "expected"),
    [
        (Audio(device="none"), (8, 2, 0), ["none,id=snd0"]),
        (Audio(device="default"), (8, 2, 0), ["pa,id=snd0", "ich9-intel-hda", "hda-output,audiodev=snd0"]),
        (Audio(device="alsa", interface="virtio"), (8, 2, 0), ["alsa,id=snd0", "virtio-sound-pci,audiodev=snd0"]),
        (
            Audio(device="alsa", interface="virtio"),
            (8, 1, 9),
            ["alsa,id=snd0", "ich9-intel-hda", "hda-output,audiodev=snd0"],
        ),
    ],
)
def test_sound_goes_to_the_host_in_the_way_that_this_qemu_can(
    audio: Audio, version: object, expected: list[str]
) -> None:
    vector = argv(a_machine(audio=audio), a_qemu(version=version))

    start = vector.index("-audiodev")
    assert vector[start + 1 : start + 2 * len(expected) : 2] == expected


@pytest.mark.parametrize(
    ("host", "backend"), [("darwin", "coreaudio"), ("windows", "dsound"), ("linux", "pa"), ("netbsd", "oss")]
)
def test_each_host_has_its_own_sound_system(host: str, backend: str) -> None:
    vector = argv(a_machine(audio=Audio(device="default")), a_qemu(host_os=host))

    assert value(vector, "-audiodev") == f"{backend},id=snd0"


def test_no_sound_is_asked_for_by_default() -> None:
    assert "-audiodev" not in argv(a_machine(), a_qemu())


def test_a_display_brings_a_card_a_keyboard_and_a_pointer() -> None:
    machine = a_machine(Arch.AARCH64, video=Video(display="gtk"))

    vector = argv(machine, a_qemu())

    assert value(vector, "-display") == "gtk"
    assert {"virtio-gpu", "virtio-keyboard-pci", "virtio-mouse-pci"} <= set(vector)
    assert "-vga" not in vector


def test_vnc_has_a_password_and_an_absolute_pointer() -> None:
    vector = argv(a_machine(video=Video(display="vnc", vnc=VNC(display="127.0.0.1:3"))), a_qemu())

    assert value(vector, "-display") == "vnc=127.0.0.1:3,password=on"
    assert "virtio-tablet-pci" in vector


@pytest.mark.parametrize(
    ("arch", "device"), [(Arch.X86_64, "tpm-crb"), (Arch.AARCH64, "tpm-tis-device"), (Arch.RISCV64, "tpm-tis-device")]
)
def test_a_tpm_is_the_kind_that_the_board_takes(arch: Arch, device: str) -> None:
    assert f"{device},tpmdev=tpm0" in argv(a_machine(arch, tpm=True), a_qemu())


@pytest.mark.parametrize(("arch", "ports"), [(Arch.X86_64, 2), (Arch.AARCH64, 2), (Arch.S390X, 3)])
def test_the_guest_agent_has_a_port_beside_the_console(arch: Arch, ports: int) -> None:
    vector = argv(a_machine(arch, agent_socket="/a,b/ga.sock"), a_qemu())

    bus = f"virtio-serial-pci,id=virtio-serial0,max_ports={ports}"
    port = "virtserialport,id=agent0,bus=virtio-serial0.0,chardev=qga0,name=io.lima-vm.guest_agent.0"
    assert value(vector, "-chardev", "id=qga0") == "socket,id=qga0,path=/a,,b/ga.sock,server=on,wait=off"
    assert vector.index(bus) < vector.index("virtconsole,chardev=char-serial-virtio,id=console0") < vector.index(port)


def test_a_machine_without_a_guest_agent_has_no_port_for_it() -> None:
    vector = argv(a_machine(agent_socket=""), a_qemu(host_os="windows"))

    assert "virtserialport" not in " ".join(vector)
    assert "virtio-serial-pci,id=virtio-serial0,max_ports=1" in vector
