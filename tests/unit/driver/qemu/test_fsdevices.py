"""The devices of virtiofs."""

from limavm.driver.qemu.argv import argv
from limavm.driver.qemu.fsdevices import SPARE, chardev_add, device, ports
from limavm.model.arch import Arch
from limavm.model.machine import Machine, Share
from tests.unit.driver.qemu.machines import a_machine, a_qemu, value

SHARE = Share(tag="lima-a", location="/home/ann", queue_size=64)


def shared(arch: Arch = Arch.X86_64, count: int = 1) -> Machine:
    return a_machine(arch, share_type="virtiofs", shares=(SHARE,) * count)


def test_each_share_sits_behind_a_port_of_its_own() -> None:
    vector = argv(shared(), a_qemu())

    port = value(vector, "-device", "id=share-port-0,")
    assert port == "pcie-root-port,id=share-port-0,bus=pcie.0,addr=0x10.0,multifunction=on,chassis=1,io-reserve=0"
    expected = "vhost-user-fs-pci,id=share-0,bus=share-port-0,queue-size=64,chardev=char-virtiofs-0,tag=lima-a"
    assert value(vector, "-device", "tag=lima-a") == expected
    assert value(vector, "-chardev", "virtiofs-0") == (
        "socket,id=char-virtiofs-0,path=/home/ann/.lima/dev/virtiofsd-0.sock"
    )


def test_ports_are_left_for_more_shares() -> None:
    assert ports(shared(count=2)) == 2 + SPARE
    assert len([word for word in argv(shared(count=2), a_qemu()) if word.startswith("pcie-root-port")]) == 2 + SPARE


def test_nine_ports_need_two_slots() -> None:
    vector = argv(shared(), a_qemu())

    assert "addr=0x11.0,multifunction=on,chassis=9" in value(vector, "-device", "id=share-port-8,")


def test_a_board_without_pci_express_has_a_fixed_number_of_shares() -> None:
    machine = shared(Arch.S390X)

    assert ports(machine) == 0
    assert "bus" not in device(machine, 0, SHARE)


def test_other_machines_have_no_ports_and_no_shared_memory() -> None:
    vector = argv(a_machine(share_type="9p", shares=(SHARE,)), a_qemu())

    assert ports(a_machine(share_type="9p", shares=(SHARE,))) == 0
    assert not any("pcie-root-port" in word or "memory-backend" in word for word in vector)


def test_the_memory_of_the_guest_is_not_limited_by_the_size_of_dev_shm() -> None:
    memory = value(argv(shared(), a_qemu()), "-object")

    assert memory == "memory-backend-memfd,id=virtiofs-shm,size=4294967296,share=on"


def test_a_share_that_is_added_later_has_the_same_socket_as_one_from_the_start() -> None:
    arguments = chardev_add(shared(), 3)

    assert arguments["id"] == "char-virtiofs-3"
    assert "/home/ann/.lima/dev/virtiofsd-3.sock" in str(arguments["backend"])
