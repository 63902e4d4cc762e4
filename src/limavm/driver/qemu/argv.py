"""QEMU command lines: a Machine and the facts of a QEMU in, an argument vector out.

Nothing is started and no file is touched here; see `run` for that. Order and content follow
spec/runtime.md 4.3 to 4.6, option syntax the QEMU manual ("Invocation"); whole vectors are pinned in
tests/golden/qemu. Every option here has exactly one value. Beyond the specification: formats are
always given, commas in paths are doubled, and UEFI guests get a variable store of their own.
"""

from collections.abc import Iterable

from limavm.driver.qemu import devices, fsdevices, media
from limavm.driver.qemu.devices import escape
from limavm.driver.qemu.facts import Firmware, Qemu
from limavm.errors import UserError
from limavm.model.arch import Arch
from limavm.model.machine import Drive, Machine, SocketNIC, UserNIC

#: Options that QEMU takes once; given by the user in QEMU_SYSTEM_<ARCH>, ours are left out.
_SINGLETONS = frozenset(
    (
        "-m",
        "-cpu",
        "-machine",
        "-accel",
        "-smp",
        "-boot",
        "-object",
        "-numa",
        "-kernel",
        "-append",
        "-initrd",
        "-display",
    )
)
_BOARDS = {
    Arch.X86_64: "q35",
    Arch.AARCH64: "virt",
    Arch.ARMV7L: "virt",
    Arch.RISCV64: "virt,acpi=off",
    Arch.PPC64LE: "pseries",
    Arch.S390X: "s390-ccw-virtio",
}
#: The first version with `-netdev stream`.
_STREAM = (7, 2, 0)


def argv(machine: Machine, qemu: Qemu) -> list[str]:
    """The whole vector, program first; raises UserError for what this QEMU cannot do."""
    pairs, _ = without_conflicts(options(machine, qemu), qemu.leading)
    return [qemu.program, *qemu.leading, *pairs]


def conflicts(machine: Machine, qemu: Qemu) -> list[str]:
    """The options that are left out because QEMU_SYSTEM_<ARCH> has them already."""
    return without_conflicts(options(machine, qemu), qemu.leading)[1]


def without_conflicts(options: list[str], leading: Iterable[str]) -> tuple[list[str], list[str]]:
    """The options without singletons that `leading` contains, and the names of those dropped."""
    taken = _SINGLETONS & set(leading)
    pairs = list(zip(options[::2], options[1::2], strict=True))
    kept = [word for pair in pairs if pair[0] not in taken for word in pair]
    return kept, sorted({name for name, _ in pairs if name in taken})


def options(machine: Machine, qemu: Qemu) -> list[str]:
    """Our options in the order of the specification's table, as names and values in turn."""
    return [
        "-m",
        str(machine.memory >> 20),
        *fsdevices.memory_args(machine),
        "-cpu",
        qemu.cpu,
        *machine_args(machine.arch, qemu.accelerator),
        "-smp",
        f"{machine.cpus},sockets=1,cores={machine.cpus},threads=1",
        *(firmware_args(qemu.firmware) if qemu.firmware else ()),
        "-device",
        "qemu-xhci,id=usb-bus",
        *_boot_disk_args(machine),
        *_boot_order_args(machine),
        *(word for disk in machine.data_disks for word in data_disk_args(disk)),
        *_seed_args(machine),
        *media.args(machine),
        *_direct_boot_args(machine),
        *(devices.tpm_args(machine) if machine.tpm else ()),
        *user_nic_args(machine.nic, machine.arch),
        *(word for index, nic in enumerate(machine.networks) for word in socket_nic_args(nic, index, machine, qemu)),
        "-device",
        "virtio-rng-pci",
        *devices.audio_args(machine.audio, qemu),
        *devices.display_args(machine),
        "-parallel",
        "none",
        *devices.serial_args(machine),
        *devices.ninep_args(machine, qemu),
        *(fsdevices.args(machine) if machine.share_type == "virtiofs" else ()),
        *devices.qmp_args(machine),
        "-name",
        f"lima-{machine.name}",
        "-pidfile",
        f"{machine.directory}/qemu.pid",
    ]


def machine_args(arch: Arch, accelerator: str) -> list[str]:
    """The board and how its processor is virtualised (spec/runtime.md 4.4)."""
    if arch is Arch.X86_64 and accelerator == "tcg":
        # The VMware port and sleep states cost boot time and serve nobody here.
        sleep = ["-global", "ICH9-LPC.disable_s3=1", "-global", "ICH9-LPC.disable_s4=1"]
        return ["-machine", "q35,vmport=off", "-accel", "tcg,thread=multi,tb-size=512", *sleep]
    return ["-machine", f"{_BOARDS[arch]},accel={accelerator}"]


def firmware_args(firmware: Firmware) -> list[str]:
    """UEFI as flash: the code, which is never written to, and the variables behind it."""
    code = ["-drive", f"if=pflash,format=raw,readonly=on,file={escape(firmware.code)}"]
    if firmware.variables is None:
        return code
    return [*code, "-drive", f"if=pflash,format=raw,file={escape(firmware.variables)}"]


def needs_firmware(arch: Arch, *, legacy_bios: bool, direct_boot: bool = False, own_firmware: bool = False) -> bool:
    """Whether the machine starts through UEFI; the wish for a legacy BIOS is ignored where there is none.

    On x86_64 a kernel that is loaded directly gains nothing from UEFI, which costs three seconds of
    emulated processor time; it is used all the same when the configuration brings its own firmware.
    """
    match arch:
        case Arch.PPC64LE | Arch.S390X:
            return False
        case Arch.X86_64:
            return not legacy_bios and (own_firmware or not direct_boot)
        case Arch.ARMV7L:
            return not legacy_bios
        case Arch.AARCH64 | Arch.RISCV64:
            return True


def data_disk_args(disk: Drive) -> list[str]:
    """An additional disk: the guest counts them vdb, vdc, … in the order given."""
    read_only = ",readonly=on" if disk.read_only else ""
    return ["-drive", f"file={escape(disk.path)},format={disk.format},if=virtio,discard=on{read_only}"]


def user_nic_args(nic: UserNIC, arch: Arch) -> list[str]:
    """eth0 on QEMU's user-mode network, with the guest's ssh on a port of the host's loopback."""
    forward = f"hostfwd=tcp:127.0.0.1:{nic.ssh_port}-:22"
    return [
        "-netdev",
        f"user,id=net0,net={nic.subnet},dhcpstart={nic.dhcp_start},{forward}",
        "-device",
        f"{_virtio('net', arch)},netdev=net0,mac={nic.mac}",
    ]


def socket_nic_args(nic: SocketNIC, index: int, machine: Machine, qemu: Qemu) -> list[str]:
    """A NIC that QEMU itself connects to a unix socket, again and again when it is lost.

    Raises UserError when this QEMU cannot.
    """
    version = qemu.version or _STREAM
    if version < _STREAM:
        raise UserError(
            "this QEMU cannot connect a network interface to a socket",
            where=f"networks[{index}] and {qemu.program}",
            hint="install QEMU 7.2 or newer",
        )
    reconnect = ",reconnect-ms=500" if version >= (9, 2, 0) else ",reconnect=1" if version >= (8, 0, 0) else ""
    name = f"net{index + 1}"
    return [
        "-netdev",
        f"stream,id={name},server=off,addr.type=unix,addr.path={escape(nic.socket)}{reconnect}",
        "-device",
        f"{_virtio('net', machine.arch)},netdev={name},mac={nic.mac}",
    ]


def _boot_disk_args(machine: Machine) -> list[str]:
    if machine.disk is None:
        return []
    drive = f"file={escape(machine.disk.path)},format={machine.disk.format}"
    if machine.iso:
        return ["-drive", f"{drive},if=virtio,discard=on"]
    device = f"{_virtio('blk', machine.arch)},drive=boot-disk,bootindex=1"
    return ["-drive", f"{drive},if=none,discard=on,id=boot-disk", "-device", device]


def _boot_order_args(machine: Machine) -> list[str]:
    if not machine.iso:
        return ["-boot", "order=c,splash-time=0,menu=on"]
    medium = f"file={escape(machine.iso)},format=raw,media=cdrom,readonly=on"
    return ["-boot", "order=d,splash-time=0,menu=on", "-drive", medium]


def _seed_args(machine: Machine) -> list[str]:
    return [
        "-drive",
        f"id=cdrom0,if=none,format=raw,readonly=on,file={escape(machine.seed)}",
        "-device",
        "virtio-scsi,id=scsi0",
        "-device",
        "scsi-cd,bus=scsi0.0,drive=cdrom0",
    ]


def _direct_boot_args(machine: Machine) -> list[str]:
    # These three take their value as it is: a comma in them is only a comma.
    boot = machine.boot
    if boot is None:
        return []
    return [
        "-kernel",
        boot.kernel,
        *(("-append", boot.cmdline) if boot.cmdline else ()),
        *(("-initrd", boot.initrd) if boot.initrd else ()),
    ]


def _virtio(kind: str, arch: Arch) -> str:
    return f"virtio-{kind}-ccw" if arch is Arch.S390X else f"virtio-{kind}-pci"
