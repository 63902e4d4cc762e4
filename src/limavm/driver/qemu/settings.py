"""QEMU's part of the configuration: its defaults, and what it cannot run (spec/config.md 1.12). Decides only."""

from collections.abc import Mapping

from msgspec.structs import replace

from limavm.driver.qemu import fsdevices
from limavm.driver.qemu.argv import needs_firmware
from limavm.driver.qemu.describe import qemu_options
from limavm.driver.qemu.devices import VNC_DISPLAY
from limavm.driver.qemu.probe import parse_semver
from limavm.model.arch import Arch
from limavm.model.config import Config, Mount, Virtiofs
from limavm.model.host import HostFacts
from limavm.model.mount import VIRTIOFS

_QUEUE_SIZE = 1024
#: Instances made before this version keep the mount type that was the default then.
_NINEP_SINCE = (1, 0, 0)
_MOUNT_TYPES = {
    "linux": ("reverse-sshfs", "9p", "virtiofs"),
    "windows": ("reverse-sshfs",),
}
#: Locations of images that are built here, always with a kernel.
_BUILD = "mmdebstrap:"
#: `max_cpus` of the machine types q35, virt (GICv3) and s390-ccw-virtio, as `-machine` refuses more.
_MOST_CPUS = {Arch.X86_64: 288, Arch.AARCH64: 512, Arch.S390X: 248}
_MOST_CPUS_ELSEWHERE = 512
_OTHER_MOUNT_TYPES = ("reverse-sshfs", "9p")


def fill(config: Config, host: HostFacts, creator_version: str) -> Config:
    """The configuration with QEMU's defaults; `creator_version` is empty for a new instance."""
    mount_type = config.mount_type or _default_mount_type(config, host, creator_version)
    mounts = tuple(map(_with_queue, config.mounts)) if mount_type == "virtiofs" else config.mounts
    video = config.video
    if video.vnc.display is None:
        video = replace(video, vnc=replace(video.vnc, display=VNC_DISPLAY))
    return replace(config, mount_type=mount_type, mounts=mounts, video=video)


def problems(config: Config, host: HostFacts) -> list[str]:
    """Every reason why QEMU cannot run the configuration."""
    return [
        *_mount_problems(config, host),
        *_too_many_shares(config),
        *_option_problems(config),
        *_cpu_problems(config),
        *(["tpm: a TPM needs swtpm, which does not run on Windows"] if config.tpm and host.os == "windows" else ()),
    ]


def _too_many_shares(config: Config) -> list[str]:
    """QEMU has words of its own for a port that has no place, which name no mount."""
    if config.mount_type != VIRTIOFS or len(config.mounts) <= fsdevices.MOST:
        return []
    return [f"mounts: there are {len(config.mounts)}, and virtiofs has room for {fsdevices.MOST}"]


def warnings(config: Config) -> list[str]:
    """What of the configuration has no effect with QEMU."""
    found = [
        f"networks[{index}].vzNAT is for another driver and has no effect"
        for index, network in enumerate(config.networks)
        if network.vz_nat
    ]
    if config.firmware.legacy_bios and config.arch not in ("x86_64", "armv7l"):
        found.append(f"firmware.legacyBIOS has no effect for {config.arch}")
    return found


def needs_installed_firmware(config: Config) -> bool:
    """Whether no machine of this configuration starts without UEFI firmware on the host.

    An image with a kernel of its own may do without; which image it will be is not known before it was
    fetched.
    """
    direct_boot = any(image.kernel or image.location.startswith(_BUILD) for image in config.images)
    needed = needs_firmware(config.arch, legacy_bios=config.firmware.legacy_bios, direct_boot=direct_boot)
    return needed and not config.firmware.images


def _cpu_problems(config: Config) -> list[str]:
    # Newer releases of QEMU allow more on x86_64; a machine that has them to give is rare enough to wait.
    most = _MOST_CPUS.get(config.arch, _MOST_CPUS_ELSEWHERE)
    return [f"cpus: {config.cpus} are more than the {most} that QEMU gives a machine"] * (config.cpus > most)


def _mount_problems(config: Config, host: HostFacts) -> list[str]:
    found = []
    allowed = _MOUNT_TYPES.get(host.os, _OTHER_MOUNT_TYPES)
    if config.mount_type and config.mount_type not in allowed:
        found.append(f"mountType: {config.mount_type!r} is not one of {', '.join(allowed)}, which QEMU offers here")
    if config.mount_type in config.mount_types_unsupported:
        found.append(f"mountType: {config.mount_type!r} is listed in mountTypesUnsupported as well")
    return found


def _option_problems(config: Config) -> list[str]:
    if not isinstance(config.vm_opts.get("qemu") or {}, Mapping):
        return ["vmOpts.qemu: must be a mapping such as {minimumVersion: 8.2.1}"]
    minimum = qemu_options(config).get("minimumVersion")
    if minimum and parse_semver(str(minimum)) is None:
        return [f"vmOpts.qemu.minimumVersion: {minimum!r} is not a version such as 8.2.1"]
    return []


def _default_mount_type(config: Config, host: HostFacts, creator_version: str) -> str:
    created_with = parse_semver(creator_version)
    old = created_with is not None and created_with < _NINEP_SINCE
    if host.os == "windows" or old or "9p" in config.mount_types_unsupported:
        return "reverse-sshfs"
    return "9p"


def _with_queue(mount: Mount) -> Mount:
    return mount if mount.virtiofs.queue_size else replace(mount, virtiofs=Virtiofs(queue_size=_QUEUE_SIZE))
