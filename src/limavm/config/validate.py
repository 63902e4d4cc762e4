"""What is wrong with a resolved configuration, all of it (spec/config.md 7).

Pure: what only the host's files can tell is in `hostchecks`, what only a driver can, in `Driver.problems`.
The order is that of the specification.
"""

import re
import unicodedata
from collections.abc import Sequence

from limavm.config.checkforwards import check_copies, check_forwards, warn_of_forwards
from limavm.config.checkhosts import warn_of_hosts
from limavm.config.checkmounts import check_mounts, check_size
from limavm.config.checknetworks import check_networks
from limavm.config.checkprovision import check_probes, check_provision
from limavm.config.digest import digest_error
from limavm.config.errors import Path
from limavm.config.flaw import Flaw, Flaws
from limavm.config.ports import check_port
from limavm.model.arch import Arch
from limavm.model.config import Config, File, Image
from limavm.model.host import HostFacts
from limavm.model.version import at_least, parse_version

SYSTEMS = ("Linux", "Darwin", "FreeBSD", "Windows")
MOUNT_TYPES = ("reverse-sshfs", "9p", "virtiofs", "wsl2")
BUILT_IN_DRIVERS = ("qemu", "vz", "wsl2")
_WINDOWS_SHELLS = ("cmd.exe", "powershell.exe", "pwsh.exe")
_TPM_ARCHES = (Arch.X86_64, Arch.AARCH64, Arch.ARMV7L, Arch.RISCV64)
_IDENTIFIER = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_PARAM = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")
#: Bytes. No system boots in less: `memory: 4` was meant to be 4GiB, and its machine would hang silently.
_LEAST_MEMORY = 1 << 20


def problems(config: Config, facts: HostFacts, *, version: str) -> list[Flaw]:
    """Every reason why the configuration cannot be used; `version` is that of the running program."""
    flaws = Flaws()
    _check_identity(config, version, flaws)
    _check_images(config.images, flaws)
    _check_sizes(config, flaws)
    for index, disk in enumerate(config.additional_disks):
        valid = _IDENTIFIER.fullmatch(disk.name) and len(disk.name) <= 76
        flaws.unless(bool(valid), f"{disk.name!r} is no name of a disk", "additionalDisks", index, "name")
    check_mounts(config, facts, flaws)
    if config.ssh.local_port:
        check_port(config.ssh.local_port, flaws, "ssh", "localPort")
    _check_mount_type(config, flaws)
    check_provision(config, flaws)
    if config.containerd.system or config.containerd.user:
        flaws.unless(bool(config.containerd.archives), "an archive is needed", "containerd", "archives")
        for index, archive in enumerate(config.containerd.archives):
            _check_file(archive, flaws, "containerd", "archives", index)
    check_probes(config.probes, flaws)
    check_forwards(config.port_forwards, facts, flaws)
    check_copies(config.copy_to_host, facts, flaws)
    if config.host_resolver.enabled and config.dns:
        flaws.add("needs hostResolver.enabled: false, since the host's resolver would answer", "dns")
    check_networks(config.networks, flaws)
    _check_params(config, flaws)
    _check_sudo(config, flaws)
    _check_devices(config, flaws)
    return flaws.found


def _check_identity(config: Config, version: str, flaws: Flaws) -> None:
    flaws.unless(not config.base, "base templates are embedded when an instance is created, not here", "base")
    if (wanted := config.minimum_lima_version) is not None:
        if parse_version(wanted) is None:
            flaws.add(f"must be three numbers such as 2.0.0, not {wanted!r}", "minimumLimaVersion")
        elif not at_least(version, wanted):
            flaws.add(f"needs Lima {wanted} or newer, this is {version}", "minimumLimaVersion")
    _one_of(config.os, SYSTEMS, flaws, "os")
    if config.os == "Windows":
        flaws.unless(config.vm_type == "qemu", "a Windows guest needs vmType: qemu", "vmType")
        fine = config.arch in (Arch.X86_64, Arch.AARCH64)
        flaws.unless(fine, "a Windows guest is x86_64 or aarch64", "arch")
    if not config.vm_type or config.vm_type == "default":
        flaws.add("must be the name of a driver such as qemu; leave the key out for the default", "vmType")
    flaws.unless(0 <= config.user.uid < 2**32, f"{config.user.uid} is no user ID", "user", "uid")
    name = config.user.name
    if not name or any(char in ":/" or char.isspace() or not char.isprintable() for char in name):
        flaws.add(f"{name!r} is no name of a user", "user", "name")
    _check_shell(config, flaws)


def _check_shell(config: Config, flaws: Flaws) -> None:
    shell = config.user.shell
    if config.os == "Windows":
        name = re.split(r"[\\/]", shell)[-1].lower()
        _one_of(name, _WINDOWS_SHELLS, flaws, "user", "shell")
    else:
        flaws.unless(shell.startswith("/"), f"must be an absolute path, not {shell!r}", "user", "shell")


def _one_of(value: str, known: Sequence[str], flaws: Flaws, *path: str | int) -> None:
    flaws.unless(value in known, f"must be one of {', '.join(known)}, not {value!r}", *path)


def _check_images(images: Sequence[Image], flaws: Flaws) -> None:
    flaws.unless(bool(images), "at least one image is needed", "images")
    for index, image in enumerate(images):
        _check_file(image, flaws, "images", index)
        for name, part in (("kernel", image.kernel), ("initrd", image.initrd)):
            if part is not None:
                path: Path = ("images", index, name)
                _check_file(part, flaws, *path)
                flaws.unless(part.arch == image.arch, f"must be {image.arch}, as the image is", *path, "arch")


def _check_file(file: File, flaws: Flaws, *path: str | int) -> None:
    location = file.location
    if "://" not in location:
        flaws.unless(bool(location), "must be a path or a URL", *path, "location")
        if location.startswith("~") and location[1:2] not in ("", "/", "\\"):
            flaws.add("cannot name the home directory of another user", *path, "location")
    if file.digest and (error := digest_error(file.digest)):
        flaws.add(error, *path, "digest")


def _check_sizes(config: Config, flaws: Flaws) -> None:
    flaws.unless(config.cpus > 0, f"must be at least 1, not {config.cpus}", "cpus")
    check_size(config.memory, flaws, "memory", least=_LEAST_MEMORY)
    check_size(config.disk, flaws, "disk")


def _check_mount_type(config: Config, flaws: Flaws) -> None:
    # The driver chooses one when there is none.
    if config.mount_type is not None:
        _one_of(config.mount_type, MOUNT_TYPES, flaws, "mountType")
        unsupported = config.mount_type in config.mount_types_unsupported
        flaws.unless(not unsupported, f"{config.mount_type} is among mountTypesUnsupported", "mountType")


def _check_params(config: Config, flaws: Flaws) -> None:
    for name, value in config.param.items():
        fine = _PARAM.fullmatch(name) is not None
        flaws.unless(fine, "a name has letters, digits and _, and begins with a letter", "param", name)
        if not all(_printable(char) for char in value):
            flaws.add("must be one line of printable characters", "param", name)


def _printable(char: str) -> bool:
    return char in " \t" or unicodedata.category(char)[0] in "LMNPS"


def _check_sudo(config: Config, flaws: Flaws) -> None:
    path = ("user", "passwordlessSudo")
    if config.os == "Darwin":
        flaws.unless(not config.user.passwordless_sudo, "cannot be true for a Darwin guest", *path)
    elif not config.user.passwordless_sudo:
        flaws.unless(config.vm_type != "wsl2", "cannot be false with wsl2", *path)
        flaws.unless(config.plain, "can be false with plain: true only", *path)


def _check_devices(config: Config, flaws: Flaws) -> None:
    if config.tpm and config.arch not in _TPM_ARCHES:
        flaws.add(f"{config.arch} guests have no TPM", "tpm")
    if config.audio.interface not in ("", "hda", "virtio"):
        flaws.add(f"must be hda or virtio, not {config.audio.interface!r}", "audio", "interface")


def warnings(config: Config, facts: HostFacts) -> list[Flaw]:
    """What is allowed, but deserves a word: experimental features and surprising combinations."""
    flaws = Flaws()
    for index, mount in enumerate(config.mounts):
        if mount.virtiofs.queue_size is not None and facts.os != "linux":
            flaws.add("has an effect on Linux hosts only", "mounts", index, "virtiofs", "queueSize")
    _warn_provision(config, flaws)
    _warn_experimental(config, facts, flaws)
    warn_of_hosts(config.host_resolver.hosts, flaws)
    warn_of_forwards(config.port_forwards, flaws, plain=config.plain)
    return flaws.found


def _warn_provision(config: Config, flaws: Flaws) -> None:
    for index, item in enumerate(config.provision):
        if item.playbook:
            flaws.add("is deprecated; run ansible-playbook on the host instead", "provision", index, "playbook")
        if "LIMA_CIDATA" in item.script:
            flaws.add("LIMA_CIDATA variables are internal and may change", "provision", index, "script")


def _warn_experimental(config: Config, facts: HostFacts, flaws: Flaws) -> None:
    sudo = config.os != "Darwin" and not config.user.passwordless_sudo
    experimental = (
        (config.os == "Windows", "Windows guests", ("os",)),
        (config.mount_type == "virtiofs" and facts.os == "linux", "virtiofs on Linux hosts", ("mountType",)),
        (config.arch not in (Arch.X86_64, Arch.AARCH64), f"{config.arch} guests", ("arch",)),
        ("vnc" in config.video.display, "VNC", ("video", "display")),
        (bool(config.audio.device), "audio", ("audio", "device")),
        (bool(config.audio.device and config.audio.interface), "audio.interface", ("audio", "interface")),
        (config.mount_inotify, "mountInotify", ("mountInotify",)),
        (sudo, "a guest user without sudo", ("user", "passwordlessSudo")),
        (sudo and bool(config.param), "param without passwordless sudo", ("param",)),
    )
    for applies, what, path in experimental:
        if applies:
            # The path stands in front of it.
            flaws.add("experimental" if what == ".".join(path) else f"experimental: {what}", *path)
