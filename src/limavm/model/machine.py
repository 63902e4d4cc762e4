"""A virtual machine as any hypervisor could run it: decided before a driver is asked.

The host agent writes it to `machine.json`; an agent that comes later adopts the running machine from
that file alone.
"""

from limavm.model.arch import Arch
from limavm.model.config import Audio, FirmwareImage, Video
from limavm.model.value import Value

#: The label of the medium with the archive of containerd, as the guest's boot script knows it.
ARCHIVE_LABEL = "lima-containerd"
#: The name of the guest agent's serial port in the guest, where a machine has one.
AGENT_PORT = "io.lima-vm.guest_agent.0"


class Drive(Value, frozen=True, kw_only=True):
    """A disk image on the host; `format` is `qcow2` or `raw` and never probed."""

    path: str
    format: str
    read_only: bool = False
    #: The name by which the guest finds it, at most 16 characters; empty for one that is found by its place.
    label: str = ""


class DirectBoot(Value, frozen=True, kw_only=True):
    """A kernel that the hypervisor loads itself."""

    kernel: str
    initrd: str | None = None
    cmdline: str = ""


class Files(Value, frozen=True, kw_only=True):
    """What an instance directory holds when the machine is described: formats, and which files exist."""

    #: Format of `disk`; None when there is none yet.
    disk_format: str | None = "qcow2"
    iso: bool = False
    kernel: bool = False
    initrd: bool = False
    #: The text of `kernel.cmdline`.
    cmdline: str = ""
    #: Additional disks in the order of the configuration.
    data_disks: tuple[Drive, ...] = ()
    #: Whether the archive of containerd is there, which the guest lacks.
    containerd_archive: bool = False


class Run(Value, frozen=True, kw_only=True):
    """What a machine is told of one run beside its configuration: who it is, where, and with what on the disk."""

    name: str
    directory: str
    ssh_port: int
    machine_id: str
    files: Files
    boot_token: str


class UserNIC(Value, frozen=True, kw_only=True):
    """The primary NIC on the hypervisor's user-mode network; the host reaches guest port 22 on `ssh_port`."""

    mac: str
    ssh_port: int
    subnet: str = "192.168.5.0/24"
    dhcp_start: str = "192.168.5.15"
    #: The host as the guest sees it.
    gateway: str = "192.168.5.2"


class Share(Value, frozen=True, kw_only=True):
    """A host directory that the hypervisor itself offers to the guest under `tag` (9p, virtiofs)."""

    tag: str
    location: str
    writable: bool = False
    security_model: str = "none"
    queue_size: int = 1024


class SocketNIC(Value, frozen=True, kw_only=True):
    """A further NIC connected to a stream socket (a user-v2 or socket_vmnet network)."""

    mac: str
    socket: str


class Machine(Value, frozen=True, kw_only=True):
    """Everything a driver needs. Memory in bytes; paths absolute; `ssh_address` as seen from the host."""

    name: str
    directory: str
    arch: Arch
    os: str = "Linux"
    vm_type: str = "qemu"
    cpus: int
    memory: int
    cpu_type: str | None = None
    minimum_driver_version: str | None = None
    legacy_bios: bool = False
    firmware_images: tuple[FirmwareImage, ...] = ()
    disk: Drive | None = None
    iso: str | None = None
    seed: str
    data_disks: tuple[Drive, ...] = ()
    #: What the guest reads once, and `VirtualMachine.remove_media` takes out again.
    media: tuple[Drive, ...] = ()
    boot: DirectBoot | None = None
    nic: UserNIC
    networks: tuple[SocketNIC, ...] = ()
    #: `9p` or `virtiofs`, the way in which `shares` reach the guest; empty when there are none.
    share_type: str = ""
    shares: tuple[Share, ...] = ()
    audio: Audio = Audio()
    video: Video = Video()
    tpm: bool = False
    ssh_address: str = "127.0.0.1"
    #: Where the hypervisor offers the guest agent's serial port on the host; empty: the agent is reached over ssh.
    agent_socket: str = ""
    #: Tells one boot from the next; the guest writes it to `/run/lima-boot-done` (spec/runtime.md 6.3).
    boot_token: str = ""
    #: How the processor is virtualised (`kvm`, `tcg`, …), filled in when the machine runs.
    accelerator: str = ""
    #: The pid and kernel start time of the hypervisor, filled in when it runs.
    pid: int = 0
    pid_started: int | None = None
