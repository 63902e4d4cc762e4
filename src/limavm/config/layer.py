"""One YAML text, decoded: the twin of `model.config` in which everything may be unset.

The annotations are what `decode` works from, so a key, its spelling and its type are said here once.
Absent and null are the same: None for values, an empty part for mappings. Types with a meaning of their
own: `IP` an address, `PortRange` two numbers, `Arch` an architecture, `Any` free-form.
A class with `shorthand` may also be written as a text, which is the value of that attribute.
"""

from typing import Any, ClassVar, NewType

from msgspec import field

from limavm.model.arch import Arch
from limavm.model.value import Value

IP = NewType("IP", str)
#: An architecture, or one of `OPEN`.
GuestArch = NewType("GuestArch", str)
#: Values of `os` and `arch` that stand for the default, and win as any other value does.
OPEN = ("", "default")
PortRange = tuple[int, int]
Texts = tuple[str, ...]
Map = dict[str, str]


class Locator(Value, frozen=True, kw_only=True):
    """Where a base template or a script is."""

    shorthand: ClassVar[str] = "url"

    url: str | None = None
    digest: str | None = None


#: May also be written as one text.
Bases = tuple[Locator, ...]


class File(Value, frozen=True, kw_only=True):
    """Twin of `model.config.File`."""

    location: str | None = None
    arch: Arch | None = None
    digest: str | None = None


class Kernel(File, frozen=True, kw_only=True):
    """Twin of `model.config.Kernel`."""

    cmdline: str | None = None


class Image(File, frozen=True, kw_only=True):
    """Twin of `model.config.Image`."""

    variant: str | None = None
    arch_variant: str | None = None
    kernel: Kernel | None = None
    initrd: File | None = None


class FirmwareImage(File, frozen=True, kw_only=True):
    """Twin of `model.config.FirmwareImage`."""

    vm_type: str | None = None


class Disk(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Disk`."""

    shorthand: ClassVar[str] = "name"

    name: str | None = None
    format: bool | None = None
    fs_type: str | None = None
    fs_args: Texts | None = None


class SSHFS(Value, frozen=True, kw_only=True):
    """Twin of `model.config.SSHFS`."""

    cache: bool | None = None
    follow_symlinks: bool | None = None
    sftp_driver: str | None = None


class NineP(Value, frozen=True, kw_only=True):
    """Twin of `model.config.NineP`."""

    security_model: str | None = None
    protocol_version: str | None = None
    msize: str | None = None
    cache: str | None = None


class Virtiofs(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Virtiofs`."""

    queue_size: int | None = None


class Mount(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Mount`."""

    location: str | None = None
    mount_point: str | None = None
    writable: bool | None = None
    sshfs: SSHFS = SSHFS()
    ninep: NineP = field(name="9p", default=NineP())
    virtiofs: Virtiofs = Virtiofs()


class SSH(Value, frozen=True, kw_only=True):
    """Twin of `model.config.SSH`."""

    local_port: int | None = None
    load_dot_ssh_pub_keys: bool | None = field(name="loadDotSSHPubKeys", default=None)
    forward_agent: bool | None = None
    forward_x11: bool | None = field(name="forwardX11", default=None)
    forward_x11_trusted: bool | None = field(name="forwardX11Trusted", default=None)
    over_vsock: bool | None = None


class Firmware(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Firmware`."""

    legacy_bios: bool | None = field(name="legacyBIOS", default=None)
    images: tuple[FirmwareImage, ...] | None = None


class Audio(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Audio`."""

    device: str | None = None
    interface: str | None = None


class VNC(Value, frozen=True, kw_only=True):
    """Twin of `model.config.VNC`."""

    display: str | None = None


class Video(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Video`."""

    display: str | None = None
    vnc: VNC = VNC()


class Provision(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Provision`."""

    mode: str | None = None
    script: str | None = None
    file: Locator | None = None
    skip_default_dependency_resolution: bool | None = None
    playbook: str | None = None
    content: str | None = None
    overwrite: bool | None = None
    path: str | None = None
    owner: str | None = None
    permissions: str | None = None
    expression: str | None = None
    format: str | None = None


class Probe(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Probe`."""

    mode: str | None = None
    description: str | None = None
    script: str | None = None
    file: Locator | None = None
    hint: str | None = None


class PortForward(Value, frozen=True, kw_only=True):
    """Twin of `model.config.PortForward`."""

    guest_ip: IP | None = field(name="guestIP", default=None)
    guest_ip_must_be_zero: bool | None = field(name="guestIPMustBeZero", default=None)
    guest_port: int | None = None
    guest_port_range: PortRange | None = None
    guest_socket: str | None = None
    host_ip: IP | None = field(name="hostIP", default=None)
    host_port: int | None = None
    host_port_range: PortRange | None = None
    host_socket: str | None = None
    proto: str | None = None
    reverse: bool | None = None
    ignore: bool | None = None
    static: bool | None = None


class CopyToHost(Value, frozen=True, kw_only=True):
    """Twin of `model.config.CopyToHost`."""

    guest: str | None = None
    host: str | None = None
    skip_if_missing: bool | None = None
    delete_on_stop: bool | None = None


class Network(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Network`."""

    lima: str | None = None
    socket: str | None = None
    vz_nat: bool | None = field(name="vzNAT", default=None)
    mac_address: str | None = None
    interface: str | None = None
    metric: int | None = None


class Containerd(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Containerd`."""

    system: bool | None = None
    user: bool | None = None
    archives: tuple[File, ...] | None = None


class HostResolver(Value, frozen=True, kw_only=True):
    """Twin of `model.config.HostResolver`."""

    enabled: bool | None = None
    ipv6: bool | None = None
    hosts: Map | None = None


class CACerts(Value, frozen=True, kw_only=True):
    """Twin of `model.config.CACerts`."""

    remove_defaults: bool | None = None
    files: Texts | None = None
    certs: Texts | None = None


class Rosetta(Value, frozen=True, kw_only=True):
    """Twin of `model.config.Rosetta`."""

    enabled: bool | None = None
    binfmt: bool | None = None


class User(Value, frozen=True, kw_only=True):
    """Twin of `model.config.User`."""

    name: str | None = None
    comment: str | None = None
    home: str | None = None
    shell: str | None = None
    uid: int | None = None
    passwordless_sudo: bool | None = None


class Layer(Value, frozen=True, kw_only=True):
    """Everything that one YAML text says."""

    base: Bases | None = None
    minimum_lima_version: str | None = None
    vm_type: str | None = None
    vm_opts: dict[str, Any] | None = None
    os: str | None = None
    arch: GuestArch | None = None
    images: tuple[Image, ...] | None = None
    cpu_type: Map | None = None
    cpus: int | None = None
    memory: str | None = None
    disk: str | None = None
    additional_disks: tuple[Disk, ...] | None = None
    mounts: tuple[Mount, ...] | None = None
    mount_types_unsupported: Texts | None = None
    mount_type: str | None = None
    mount_inotify: bool | None = None
    ssh: SSH = SSH()
    firmware: Firmware = Firmware()
    audio: Audio = Audio()
    video: Video = Video()
    provision: tuple[Provision, ...] | None = None
    upgrade_packages: bool | None = None
    containerd: Containerd = Containerd()
    guest_install_prefix: str | None = None
    probes: tuple[Probe, ...] | None = None
    port_forwards: tuple[PortForward, ...] | None = None
    copy_to_host: tuple[CopyToHost, ...] | None = None
    message: str | None = None
    networks: tuple[Network, ...] | None = None
    env: Map | None = None
    param: Map | None = None
    dns: tuple[IP, ...] | None = None
    host_resolver: HostResolver = HostResolver()
    propagate_proxy_env: bool | None = None
    ca_certs: CACerts = CACerts()
    rosetta: Rosetta = Rosetta()
    plain: bool | None = None
    timezone: str | None = None
    nested_virtualization: bool | None = None
    user: User = User()
    tpm: bool | None = None
    os_opts: dict[str, Any] | None = None
