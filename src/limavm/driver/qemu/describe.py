"""From a resolved configuration to the Machine that QEMU is to run.

Nothing is looked up here: what the instance directory holds comes as `Files`. Derived names follow
spec/runtime.md 1.8.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from limavm.model.arch import Arch
from limavm.model.config import Config, Mount
from limavm.model.machine import ARCHIVE_LABEL, DirectBoot, Drive, Files, Machine, Run, Share, SocketNIC, UserNIC
from limavm.model.mount import SHARED, mount_tag
from limavm.model.size import parse_size

_QUEUE_SIZE = 1024


def describe(config: Config, run: Run) -> Machine:
    """The machine of the instance; paths are those of files in its directory."""
    directory, files = run.directory, run.files
    options = qemu_options(config)
    shares = tuple(map(_share, config.mounts)) if config.mount_type in SHARED else ()
    return Machine(
        name=run.name,
        directory=directory,
        arch=config.arch,
        os=config.os,
        cpus=config.cpus,
        memory=parse_size(config.memory),
        cpu_type=cpu_type(options, config.arch),
        minimum_driver_version=options.get("minimumVersion") or None,
        legacy_bios=config.firmware.legacy_bios,
        firmware_images=config.firmware.images,
        disk=Drive(path=f"{directory}/disk", format=files.disk_format) if files.disk_format else None,
        iso=f"{directory}/iso" if files.iso else None,
        seed=f"{directory}/cidata.iso",
        data_disks=files.data_disks,
        media=(_archive(directory),) if files.containerd_archive else (),
        boot=_boot(directory, files),
        nic=UserNIC(mac=mac(run.machine_id, directory), ssh_port=run.ssh_port),
        networks=_networks(config, directory, run.machine_id),
        # Without mounts the device of another one may still be added later, which only virtiofs can.
        share_type=config.mount_type or "" if shares or (config.mount_type == "virtiofs" and not config.plain) else "",
        shares=shares,
        audio=config.audio,
        video=config.video,
        tpm=config.tpm,
        agent_socket=f"{directory}/ga.sock" if config.os == "Linux" and not config.plain else "",
        boot_token=run.boot_token,
    )


def qemu_options(config: Config) -> Mapping[str, Any]:
    """The mapping `vmOpts.qemu`, empty when there is none."""
    options = config.vm_opts.get("qemu")
    return options if isinstance(options, Mapping) else {}


def cpu_type(options: Mapping[str, Any], arch: Arch) -> str | None:
    """The CPU model that the user asks for, None to let the driver choose."""
    types = options.get("cpuType")
    return (types.get(arch.value) or None) if isinstance(types, Mapping) else None


def mac(machine_id: str, what: str) -> str:
    """A stable MAC address for `what`: the instance directory for eth0, `…/lima.yaml#<i>` for `networks[i]`."""
    digest = hashlib.sha256((machine_id + what).encode(errors="surrogateescape")).digest()
    return "52:55:55:" + digest[:3].hex(":")


def _archive(directory: str) -> Drive:
    return Drive(path=f"{directory}/containerd.tgz", format="raw", read_only=True, label=ARCHIVE_LABEL)


def _boot(directory: str, files: Files) -> DirectBoot | None:
    if not files.kernel:
        return None
    return DirectBoot(
        kernel=f"{directory}/kernel",
        initrd=f"{directory}/initrd" if files.initrd else None,
        cmdline=files.cmdline.strip(),
    )


def _networks(config: Config, directory: str, machine_id: str) -> tuple[SocketNIC, ...]:
    return tuple(
        SocketNIC(mac=network.mac_address or mac(machine_id, f"{directory}/lima.yaml#{index}"), socket=network.socket)
        for index, network in enumerate(config.networks)
        if network.socket
    )


def _share(mount: Mount) -> Share:
    return Share(
        tag=mount_tag(mount.location, mount.mount_point),
        location=mount.location,
        writable=mount.writable,
        security_model=mount.ninep.security_model,
        queue_size=mount.virtiofs.queue_size or _QUEUE_SIZE,
    )
