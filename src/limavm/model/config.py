"""The resolved configuration of an instance: nothing is optional that has a default.

The keys, their types and their defaults are those of spec/config.md 1.6 to 1.11; attributes are
snake_case and are written as the YAML spells them. `config.layer` holds the unresolved twin.
"""

from typing import Any

from msgspec import field

from limavm.model.arch import Arch
from limavm.model.value import Sparse

Map = dict[str, str]


class File(Sparse, frozen=True, kw_only=True):
    """Something to be downloaded, or a local path, with an optional digest `algorithm:hex`."""

    location: str
    arch: Arch
    digest: str | None = None


class Kernel(File, frozen=True, kw_only=True):
    """A kernel for direct boot."""

    cmdline: str | None = None


class Image(File, frozen=True, kw_only=True):
    """A guest image; `kernel` and `initrd` make it boot without a boot loader."""

    variant: str | None = None
    arch_variant: str | None = None
    kernel: Kernel | None = None
    initrd: File | None = None


class FirmwareImage(File, frozen=True, kw_only=True):
    """A firmware to download; `vm_type` empty means any driver."""

    vm_type: str | None = None


class Disk(Sparse, frozen=True, kw_only=True):
    """An additional disk of `_disks/NAME`."""

    name: str
    format: bool = True
    fs_type: str | None = None
    fs_args: tuple[str, ...] = ()


class SSHFS(Sparse, frozen=True, kw_only=True, omit_defaults=False):
    """Options of a reverse-sshfs mount."""

    cache: bool = True
    follow_symlinks: bool = False
    sftp_driver: str = ""


class NineP(Sparse, frozen=True, kw_only=True, omit_defaults=False):
    """Options of a 9p mount; `msize` is a size text."""

    security_model: str = "none"
    protocol_version: str = "9p2000.L"
    msize: str = "128KiB"
    cache: str = "fscache"


class Virtiofs(Sparse, frozen=True, kw_only=True):
    """Options of a virtiofs mount."""

    queue_size: int | None = None


class Mount(Sparse, frozen=True, kw_only=True):
    """A host directory that the guest sees; `location` is absolute on the host."""

    location: str
    mount_point: str
    writable: bool = field(default=False)
    sshfs: SSHFS = SSHFS()
    ninep: NineP = field(name="9p", default=NineP())
    virtiofs: Virtiofs = Virtiofs()


class SSH(Sparse, frozen=True, kw_only=True, omit_defaults=False):
    """How the host reaches the guest; port 0 means: pick a free one at each start."""

    local_port: int = 0
    load_dot_ssh_pub_keys: bool = field(name="loadDotSSHPubKeys", default=False)
    forward_agent: bool = False
    forward_x11: bool = field(name="forwardX11", default=False)
    forward_x11_trusted: bool = field(name="forwardX11Trusted", default=False)
    over_vsock: bool | None = None


class Firmware(Sparse, frozen=True, kw_only=True):
    """How the machine starts."""

    legacy_bios: bool = field(name="legacyBIOS", default=False)
    images: tuple[FirmwareImage, ...] = ()


class Audio(Sparse, frozen=True, kw_only=True):
    """The sound device."""

    device: str = ""
    interface: str = ""


class VNC(Sparse, frozen=True, kw_only=True):
    """The VNC display `host:number[,options]`."""

    display: str | None = None


class Video(Sparse, frozen=True, kw_only=True):
    """The display of the machine; `none` for none."""

    display: str = "none"
    vnc: VNC = VNC()


class Provision(Sparse, frozen=True, kw_only=True):
    """A piece of work done inside the guest at boot (spec/config.md 1.9)."""

    mode: str = "system"
    script: str = ""
    skip_default_dependency_resolution: bool | None = None
    playbook: str = ""
    content: str | None = None
    overwrite: bool | None = None
    path: str | None = None
    owner: str | None = None
    permissions: str | None = None
    expression: str | None = None
    format: str | None = None


class Probe(Sparse, frozen=True, kw_only=True):
    """A script that tells from inside the guest whether it is ready."""

    script: str
    description: str
    mode: str = "readiness"
    hint: str = ""


class PortForward(Sparse, frozen=True, kw_only=True):
    """One rule of `portForwards` (spec/config.md 1.10); ranges are inclusive."""

    guest_ip: str = field(name="guestIP", default="127.0.0.1")
    guest_ip_must_be_zero: bool = field(name="guestIPMustBeZero", default=False)
    guest_port: int = 0
    guest_port_range: tuple[int, int] = (1, 65535)
    guest_socket: str = ""
    host_ip: str = field(name="hostIP", default="127.0.0.1")
    host_port: int = 0
    host_port_range: tuple[int, int] = (1, 65535)
    host_socket: str = ""
    proto: str = "any"
    reverse: bool = False
    ignore: bool = False
    static: bool = False


class CopyToHost(Sparse, frozen=True, kw_only=True):
    """A guest file that is copied to the host when the machine is ready."""

    guest: str
    host: str
    skip_if_missing: bool = False
    delete_on_stop: bool = False


class Network(Sparse, frozen=True, kw_only=True):
    """An additional NIC."""

    lima: str = ""
    socket: str = ""
    vz_nat: bool | None = field(name="vzNAT", default=None)
    mac_address: str = ""
    interface: str = ""
    metric: int = 100


class Containerd(Sparse, frozen=True, kw_only=True, omit_defaults=False):
    """Container engine set-up."""

    system: bool = False
    user: bool = False
    archives: tuple[File, ...] = ()


class HostResolver(Sparse, frozen=True, kw_only=True, omit_defaults=False):
    """The DNS server of the host agent."""

    enabled: bool = True
    ipv6: bool = False
    hosts: Map = {}


class CACerts(Sparse, frozen=True, kw_only=True):
    """Certificate authorities that the guest shall trust; `certs` are PEM texts."""

    remove_defaults: bool = False
    files: tuple[str, ...] = ()
    certs: tuple[str, ...] = ()


class User(Sparse, frozen=True, kw_only=True, omit_defaults=False):
    """The user of the guest."""

    name: str
    comment: str
    home: str
    shell: str
    uid: int
    passwordless_sudo: bool = True


class Config(Sparse, frozen=True, kw_only=True, omit_defaults=False):
    """Everything that `lima.yaml`, `default.yaml`, `override.yaml` and the defaults say."""

    vm_type: str
    arch: Arch
    user: User
    cpus: int
    memory: str
    disk: str
    os: str = "Linux"
    minimum_lima_version: str | None = None
    vm_opts: dict[str, Any] = {}
    images: tuple[Image, ...] = ()
    additional_disks: tuple[Disk, ...] = ()
    mounts: tuple[Mount, ...] = ()
    mount_types_unsupported: tuple[str, ...] = ()
    mount_type: str = ""
    mount_inotify: bool = False
    ssh: SSH = SSH()
    firmware: Firmware = Firmware()
    audio: Audio = Audio()
    video: Video = Video()
    provision: tuple[Provision, ...] = ()
    upgrade_packages: bool = False
    containerd: Containerd = Containerd()
    guest_install_prefix: str = "/usr/local"
    probes: tuple[Probe, ...] = ()
    port_forwards: tuple[PortForward, ...] = ()
    copy_to_host: tuple[CopyToHost, ...] = ()
    message: str = ""
    networks: tuple[Network, ...] = ()
    env: Map = {}
    param: Map = {}
    dns: tuple[str, ...] = ()
    host_resolver: HostResolver = HostResolver()
    propagate_proxy_env: bool = True
    ca_certs: CACerts = CACerts()
    plain: bool = False
    timezone: str = ""
    nested_virtualization: bool = False
    tpm: bool = False
    os_opts: dict[str, Any] = {}
