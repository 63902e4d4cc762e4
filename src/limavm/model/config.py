"""The resolved configuration of an instance: nothing is optional that has a default.

The keys, their types and their defaults are those of spec/config.md 1.6 to 1.11; attributes are
snake_case and are written as the YAML spells them. `config.layer` holds the unresolved twin.

In JSON, empty lists, maps and texts and false are left out, as Lima leaves them out, except where Lima
tells "unset" from them: members with an `always` default are written whatever they are.
"""

from typing import Any, TypeVar

from msgspec import field

from limavm.model.arch import Arch
from limavm.model.value import Sparse

Map = dict[str, str]
_T = TypeVar("_T")


def always(value: _T, name: str | None = None) -> _T:
    """A default that is written to JSON, since msgspec leaves out only defaults that it need not call for."""
    made: _T = field(default_factory=lambda: value, name=name)
    return made


class Locator(Sparse, frozen=True, kw_only=True):
    """Where a base template or a script is, before it is embedded."""

    url: str = ""
    digest: str = ""


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
    """An additional disk of `_disks/NAME`. It is formatted when it has no file system, unless `format` is false."""

    name: str
    format: bool | None = None
    fs_type: str | None = None
    fs_args: tuple[str, ...] = ()


class SSHFS(Sparse, frozen=True, kw_only=True):
    """Options of a reverse-sshfs mount."""

    cache: bool = always(True)
    follow_symlinks: bool = always(False)
    sftp_driver: str = always("")


class NineP(Sparse, frozen=True, kw_only=True):
    """Options of a 9p mount; `msize` is a size text."""

    security_model: str = always("none")
    protocol_version: str = always("9p2000.L")
    msize: str = always("128KiB")
    cache: str = always("fscache")


class Virtiofs(Sparse, frozen=True, kw_only=True):
    """Options of a virtiofs mount."""

    queue_size: int | None = None


class Mount(Sparse, frozen=True, kw_only=True):
    """A host directory that the guest sees; `location` is absolute on the host."""

    location: str
    mount_point: str
    writable: bool = always(False)
    sshfs: SSHFS = always(SSHFS())
    ninep: NineP = always(NineP(), "9p")
    virtiofs: Virtiofs = always(Virtiofs())


class SSH(Sparse, frozen=True, kw_only=True):
    """How the host reaches the guest; port 0 means: pick a free one at each start."""

    local_port: int = always(0)
    load_dot_ssh_pub_keys: bool = always(False, "loadDotSSHPubKeys")
    forward_agent: bool = always(False)
    forward_x11: bool = always(False, "forwardX11")
    forward_x11_trusted: bool = always(False, "forwardX11Trusted")
    over_vsock: bool | None = None


class Firmware(Sparse, frozen=True, kw_only=True):
    """How the machine starts."""

    legacy_bios: bool = always(False, "legacyBIOS")
    images: tuple[FirmwareImage, ...] = ()


class Audio(Sparse, frozen=True, kw_only=True):
    """The sound device."""

    device: str = always("")
    interface: str = always("")


class VNC(Sparse, frozen=True, kw_only=True):
    """The VNC display `host:number[,options]`."""

    display: str | None = None


class Video(Sparse, frozen=True, kw_only=True):
    """The display of the machine; `none` for none."""

    display: str = always("none")
    vnc: VNC = always(VNC())


class Provision(Sparse, frozen=True, kw_only=True):
    """A piece of work done inside the guest at boot (spec/config.md 1.9)."""

    mode: str = always("system")
    skip_default_dependency_resolution: bool | None = None
    script: str = always("")
    file: Locator | None = None
    playbook: str = ""
    content: str | None = None
    overwrite: bool | None = None
    owner: str | None = None
    path: str | None = None
    permissions: str | None = None
    expression: str | None = None
    format: str | None = None


class Probe(Sparse, frozen=True, kw_only=True):
    """A script that tells from inside the guest whether it is ready."""

    mode: str = always("readiness")
    description: str
    script: str
    file: Locator | None = None
    hint: str = ""


class PortForward(Sparse, frozen=True, kw_only=True):
    """One rule of `portForwards` (spec/config.md 1.10); ranges are inclusive."""

    guest_ip_must_be_zero: bool = always(False, "guestIPMustBeZero")
    guest_ip: str = always("127.0.0.1", "guestIP")
    guest_port: int = 0
    guest_port_range: tuple[int, int] = always((1, 65535))
    guest_socket: str = ""
    host_ip: str = always("127.0.0.1", "hostIP")
    host_port: int = 0
    host_port_range: tuple[int, int] = always((1, 65535))
    host_socket: str = ""
    proto: str = always("any")
    reverse: bool = False
    ignore: bool = False
    static: bool = False


class CopyToHost(Sparse, frozen=True, kw_only=True):
    """A guest file that is copied to the host when the machine is ready."""

    guest: str = ""
    host: str = ""
    skip_if_missing: bool = False
    delete_on_stop: bool = False


class Network(Sparse, frozen=True, kw_only=True):
    """An additional NIC."""

    lima: str = ""
    socket: str = ""
    vz_nat: bool | None = field(name="vzNAT", default=None)
    mac_address: str = ""
    interface: str = ""
    metric: int = always(100)


class Containerd(Sparse, frozen=True, kw_only=True):
    """Container engine set-up."""

    system: bool = always(False)
    user: bool = always(False)
    archives: tuple[File, ...] = ()


class HostResolver(Sparse, frozen=True, kw_only=True):
    """The DNS server of the host agent."""

    enabled: bool = always(True)
    ipv6: bool = always(False)
    hosts: Map = {}


class CACerts(Sparse, frozen=True, kw_only=True):
    """Certificate authorities that the guest shall trust; `certs` are PEM texts."""

    remove_defaults: bool = always(False)
    files: tuple[str, ...] = ()
    certs: tuple[str, ...] = ()


class Rosetta(Sparse, frozen=True, kw_only=True):
    """Deprecated: what `vmOpts.vz.rosetta` says now."""

    enabled: bool | None = None
    binfmt: bool | None = None


class User(Sparse, frozen=True, kw_only=True):
    """The user of the guest."""

    name: str
    comment: str
    home: str
    shell: str
    uid: int
    passwordless_sudo: bool = always(True)


class Config(Sparse, frozen=True, kw_only=True):
    """Everything that `lima.yaml`, `default.yaml`, `override.yaml` and the defaults say."""

    minimum_lima_version: str | None = None
    base: tuple[Locator, ...] = ()
    vm_type: str
    vm_opts: dict[str, Any] = {}
    os: str = always("Linux")
    arch: Arch
    images: tuple[Image, ...] = ()
    cpu_type: Map = {}
    cpus: int
    memory: str
    disk: str
    additional_disks: tuple[Disk, ...] = ()
    mounts: tuple[Mount, ...] = ()
    mount_types_unsupported: tuple[str, ...] = ()
    mount_type: str | None = None
    mount_inotify: bool = always(False)
    ssh: SSH = always(SSH())
    firmware: Firmware = always(Firmware())
    audio: Audio = always(Audio())
    video: Video = always(Video())
    provision: tuple[Provision, ...] = ()
    upgrade_packages: bool = always(False)
    containerd: Containerd = always(Containerd())
    guest_install_prefix: str = always("/usr/local")
    probes: tuple[Probe, ...] = ()
    port_forwards: tuple[PortForward, ...] = ()
    copy_to_host: tuple[CopyToHost, ...] = ()
    message: str = ""
    networks: tuple[Network, ...] = ()
    env: Map = {}
    param: Map = {}
    dns: tuple[str, ...] = ()
    host_resolver: HostResolver = always(HostResolver())
    propagate_proxy_env: bool = always(True)
    ca_certs: CACerts = always(CACerts())
    rosetta: Rosetta = always(Rosetta())
    plain: bool = always(False)
    timezone: str = always("")
    nested_virtualization: bool = always(False)
    user: User
    tpm: bool = always(False)
    os_opts: dict[str, Any] = {}


def needs_guest_agent(config: Config) -> bool:
    """Whether a rule is about ports of which only the guest agent can tell; the default rule alone is no wish."""
    return any(not (rule.ignore or rule.static or rule.guest_socket) for rule in config.port_forwards)
