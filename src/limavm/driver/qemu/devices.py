"""The less central options of a QEMU command line: consoles, display, sound, TPM, shares, monitor.

Pure like `argv`, which puts them in their places.
"""

from limavm.driver.qemu.facts import Qemu
from limavm.model.arch import Arch
from limavm.model.config import Audio
from limavm.model.machine import AGENT_PORT, Machine

#: What QEMU calls its device in events.
AGENT_PORT_ID = "agent0"

#: Where the VNC server listens unless the configuration says otherwise.
VNC_DISPLAY = "127.0.0.1:0,to=9"
_VIRTIO_SOUND = (8, 2, 0)
#: The first version with `multidevs`: commit 1a6ed33cc569 of QEMU, merged in October 2019 after 4.1.
_MULTIDEVS = (4, 2, 0)
_HOST_AUDIO = {"darwin": "coreaudio", "linux": "pa", "windows": "dsound"}


def escape(value: str) -> str:
    """A value inside an option: a comma separates properties, so QEMU wants one in a file name doubled."""
    return value.replace(",", ",,")


def tpm_args(machine: Machine) -> list[str]:
    """A TPM 2.0 behind the socket of swtpm."""
    device = "tpm-crb" if machine.arch in (Arch.X86_64, Arch.PPC64LE, Arch.S390X) else "tpm-tis-device"
    return [
        "-chardev",
        f"socket,id=chrtpm,path={escape(machine.directory)}/swtpm.sock",
        "-tpmdev",
        "emulator,id=tpm0,chardev=chrtpm",
        "-device",
        f"{device},tpmdev=tpm0",
    ]


def audio_args(audio: Audio, qemu: Qemu) -> list[str]:
    """A sound device on the host's usual sound system; nothing when the configuration does not ask for sound."""
    backend = audio.device
    if not backend:
        return []
    if backend == "default":
        backend = _HOST_AUDIO.get(qemu.host_os, "oss")
    args = ["-audiodev", f"{escape(backend)},id=snd0"]
    if backend == "none":
        return args
    if audio.interface == "virtio" and not old_for_virtio_sound(qemu):
        return [*args, "-device", "virtio-sound-pci,audiodev=snd0"]
    return [*args, "-device", "ich9-intel-hda", "-device", "hda-output,audiodev=snd0"]


def old_for_virtio_sound(qemu: Qemu) -> bool:
    """Whether this QEMU has no virtio sound device; it gets an HDA then."""
    return qemu.version is not None and qemu.version < _VIRTIO_SOUND


def display_args(machine: Machine) -> list[str]:
    """The display and, when there is one, a graphics card with a keyboard and a pointer."""
    display = machine.video.display
    if display == "vnc":
        display = f"vnc={machine.video.vnc.display or VNC_DISPLAY},password=on"
    args = ["-display", display] if display else []
    if machine.video.display == "none":
        return [*args, "-vga", "none"]
    card = "virtio-vga" if machine.arch in (Arch.X86_64, Arch.RISCV64) else "virtio-gpu"
    pointer = "virtio-tablet-pci" if machine.video.display == "vnc" else "virtio-mouse-pci"
    return [*args, *(word for device in (card, "virtio-keyboard-pci", pointer) for word in ("-device", device))]


def serial_args(machine: Machine) -> list[str]:
    """The consoles: the board's own, on ARM one on PCI as well, and a virtio console; the port of the guest agent."""
    args = [*_console(machine, "char-serial", "serial"), "-serial", "chardev:char-serial"]
    if machine.arch in (Arch.AARCH64, Arch.ARMV7L):
        args += [*_console(machine, "char-serial-pci", "serialp"), "-device", "pci-serial,chardev=char-serial-pci"]
    # The console takes port 0 where it can; only s390x needs a port beside that.
    ports = (2 if machine.arch is Arch.S390X else 1) + bool(machine.agent_socket)
    return [
        *args,
        *_console(machine, "char-serial-virtio", "serialv"),
        "-device",
        f"virtio-serial-pci,id=virtio-serial0,max_ports={ports}",
        "-device",
        "virtconsole,chardev=char-serial-virtio,id=console0",
        *_agent_port(machine),
    ]


def ninep_args(machine: Machine, qemu: Qemu) -> list[str]:
    """Host directories that QEMU serves itself."""
    # A guest sees one device for all of a share. Unless their numbers are mapped, two files of two file systems
    # of the host that happen to have the same inode number are one file to it; the default was to warn on the host.
    remap = "" if qemu.version and qemu.version < _MULTIDEVS else ",multidevs=remap"
    args: list[str] = []
    for share in machine.shares if machine.share_type == "9p" else ():
        read_only = "" if share.writable else ",readonly=on"
        model = f"security_model={share.security_model}{read_only}{remap}"
        args += ["-virtfs", f"local,mount_tag={share.tag},path={escape(share.location)},{model}"]
    return args


def qmp_args(machine: Machine) -> list[str]:
    """The monitor, on which `qmp` speaks."""
    path = f"{escape(machine.directory)}/qmp.sock"
    return ["-chardev", f"socket,id=char-qmp,path={path},server=on,wait=off", "-qmp", "chardev:char-qmp"]


def _console(machine: Machine, name: str, stem: str) -> list[str]:
    path = f"{escape(machine.directory)}/{stem}"
    return ["-chardev", f"socket,id={name},path={path}.sock,server=on,wait=off,logfile={path}.log"]


def _agent_port(machine: Machine) -> list[str]:
    # On the bus of the console, which is there anyway; Lima has it on Windows hosts only, on a bus of its own.
    if not machine.agent_socket:
        return []
    return [
        "-chardev",
        f"socket,id=qga0,path={escape(machine.agent_socket)},server=on,wait=off",
        "-device",
        f"virtserialport,id={AGENT_PORT_ID},bus=virtio-serial0.0,chardev=qga0,name={AGENT_PORT}",
    ]
