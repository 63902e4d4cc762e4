"""A folded `Layer` to a `Config`: built-in defaults, expansion, plain mode (spec/config.md 1.6 to 1.12, 2).

What only a driver can decide (mount type, VNC display, CPU type) stays unset here, see `Driver.fill`.
Pure: the host is the `HostFacts` that it is given.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from limavm.config import layer
from limavm.config.expand import Context, Expander
from limavm.config.guestuser import guest_user
from limavm.config.layer import Layer
from limavm.config.merge import combined_mount, combined_network, groups
from limavm.config.portrules import forward
from limavm.model import config
from limavm.model.arch import Arch
from limavm.model.config import Config
from limavm.model.host import HostFacts
from limavm.model.size import format_size
from limavm.model.value import Value

_GIB = 1 << 30
_MAX_CPUS = 4
_CONTAINERD_ARCHES = (Arch.X86_64, Arch.AARCH64)
_T = TypeVar("_T")


class Filled(Value, frozen=True, kw_only=True):
    """A configuration, and for lists that were combined or filtered the first source of each entry."""

    config: Config
    warnings: tuple[str, ...]
    origins: dict[str, tuple[int, ...]]


def fill(given: Layer, facts: HostFacts, context: Context) -> Filled:
    """The configuration with every default, all templates expanded.

    `given` comes from `merge.fold`. An architecture that is no `Arch` has been reported by decoding; on a
    host of an unknown one, guests are `x86_64`.
    """
    expander = Expander(facts, context)
    guest_os = "Linux" if given.os is None or given.os in layer.OPEN else given.os
    arch = native_arch(facts) if given.arch is None or given.arch in layer.OPEN else Arch(given.arch)
    user = guest_user(given.user, guest_os, expander)
    mounts, mount_origins = _mounts(given.mounts or (), expander)
    networks, network_origins = _networks(given.networks or (), facts, context)
    forwards = [
        (index, forward(rule, f"portForwards[{index}]", expander))
        for index, rule in enumerate(given.port_forwards or ())
    ]
    filled = Config(
        **_general(given, facts),
        vm_type=_or(given.vm_type, default_vm_type(facts, arch)),
        os=guest_os,
        arch=arch,
        user=user,
        images=_images(given.images, arch),
        mounts=mounts,
        networks=networks,
        firmware=_firmware(given.firmware, arch),
        containerd=_containerd(given.containerd, guest_os, arch, context.containerd_archives),
        provision=tuple(
            _provision(item, f"provision[{i}]", guest_os, expander) for i, item in enumerate(given.provision or ())
        ),
        probes=_probes(given.probes or (), expander),
        port_forwards=tuple(rule for _, rule in forwards),
        copy_to_host=tuple(
            _copy(item, f"copyToHost[{i}]", expander) for i, item in enumerate(given.copy_to_host or ())
        ),
    )
    origins = {"mounts": mount_origins, "networks": network_origins}
    if filled.plain:
        filled = _plain(filled)
        origins |= {"mounts": (), "portForwards": tuple(index for index, rule in forwards if rule.static)}
    return Filled(config=filled, warnings=tuple(expander.warnings), origins=origins)


def native_arch(facts: HostFacts) -> Arch:
    """The architecture of guests that do not ask for one."""
    return Arch(facts.arch) if facts.arch in Arch.__members__.values() else Arch.X86_64


def default_vm_type(facts: HostFacts, arch: Arch) -> str:
    """The driver of a configuration that names none: vz for native guests of macOS, else qemu."""
    return "vz" if facts.os == "darwin" and arch == facts.arch else "qemu"


def _or(value: _T | None, default: _T) -> _T:
    return default if value is None else value


def _set(part: Value) -> dict[str, Any]:
    """The members of a layer's part that are set."""
    return {name: value for name in part.__struct_fields__ if (value := getattr(part, name)) is not None}


def _in_order(value: Any) -> Any:
    """The value with the keys of its maps sorted, as Lima prints them whatever order they were given in."""
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


#: Values and lists that are taken over as they are, or else have the default of `Config`.
_AS_GIVEN = (
    *("minimum_lima_version", "vm_opts", "cpu_type", "mount_types_unsupported", "mount_type", "mount_inotify"),
    *("upgrade_packages", "guest_install_prefix", "message", "env", "param", "dns", "propagate_proxy_env", "plain"),
    *("nested_virtualization", "tpm", "os_opts"),
)


def _general(given: Layer, facts: HostFacts) -> dict[str, Any]:
    """The members of Config that depend on nothing else."""
    memory = min(4 * _GIB, facts.memory // 2)
    video = given.video.display or "none"
    return {
        **{name: _in_order(value) for name in _AS_GIVEN if (value := getattr(given, name)) is not None},
        "base": tuple(_locator(item) for item in given.base or ()),
        "cpus": given.cpus or min(_MAX_CPUS, facts.cpus),
        "memory": given.memory or format_size(memory),
        "disk": given.disk or "100GiB",
        "additional_disks": tuple(_disk(item) for item in given.additional_disks or ()),
        "timezone": _or(given.timezone, facts.timezone),
        "ssh": config.SSH(**_set(given.ssh)),
        "audio": config.Audio(**_set(given.audio)),
        "video": config.Video(display=video, vnc=config.VNC(display=given.video.vnc.display)),
        "host_resolver": config.HostResolver(**_in_order(_set(given.host_resolver))),
        "ca_certs": config.CACerts(**_set(given.ca_certs)),
        "rosetta": config.Rosetta(**_set(given.rosetta)),
    }


def _locator(given: layer.Locator) -> config.Locator:
    return config.Locator(**_set(given))


def _disk(given: layer.Disk) -> config.Disk:
    return config.Disk(**{"name": "", **_set(given)})


def _file(given: layer.File, arch: Arch) -> config.File:
    return config.File(location=given.location or "", arch=given.arch or arch, digest=given.digest or None)


def _images(given: Sequence[layer.Image] | None, arch: Arch) -> tuple[config.Image, ...]:
    return tuple(_image(image, image.arch or arch) for image in given or ())


def _image(given: layer.Image, arch: Arch) -> config.Image:
    kernel = given.kernel
    return config.Image(
        location=given.location or "",
        arch=arch,
        digest=given.digest or None,
        variant=given.variant or None,
        arch_variant=given.arch_variant or None,
        kernel=config.Kernel(**_file_members(kernel, arch), cmdline=kernel.cmdline) if kernel else None,
        initrd=_file(given.initrd, arch) if given.initrd else None,
    )


def _file_members(given: layer.File, arch: Arch) -> dict[str, Any]:
    return {"location": given.location or "", "arch": given.arch or arch, "digest": given.digest or None}


def _firmware(given: layer.Firmware, arch: Arch) -> config.Firmware:
    images = tuple(
        config.FirmwareImage(**_file_members(image, arch), vm_type=image.vm_type) for image in given.images or ()
    )
    return config.Firmware(legacy_bios=_or(given.legacy_bios, False), images=images)


def _containerd(
    given: layer.Containerd, guest_os: str, arch: Arch, built_in: tuple[config.File, ...]
) -> config.Containerd:
    return config.Containerd(
        system=_or(given.system, False),
        user=_or(given.user, guest_os == "Linux" and arch in _CONTAINERD_ARCHES),
        archives=tuple(_file(archive, arch) for archive in given.archives or ()) or built_in,
    )


def _provision(given: layer.Provision, key: str, guest_os: str, expander: Expander) -> config.Provision:
    """Provisioning with the defaults of its mode; only the modes that write a file have an owner and the like."""
    values = _set(given)
    mode = given.mode or "system"
    for name in ("script", "content", "expression", "owner", "path"):
        if values.get(name):
            values[name] = expander.guest(values[name], f"{key}.{name}")
    if mode in ("data", "yq"):
        group = "wheel" if guest_os in ("Darwin", "FreeBSD") else "root"
        values = {"owner": f"root:{group}", "permissions": "644", **values}
        of_mode = {"content": "", "overwrite": True} if mode == "data" else {"format": "auto"}
        values = of_mode | values
    if mode == "dependency":
        values.setdefault("skip_default_dependency_resolution", False)
    return config.Provision(**values | {"mode": mode, "file": _script_file(given.file)})


def _script_file(given: layer.Locator | None) -> config.Locator | None:
    """Where a script is; empty texts name none."""
    return _locator(given) if given is not None and (given.url or given.digest) else None


def _probes(given: Sequence[layer.Probe], expander: Expander) -> tuple[config.Probe, ...]:
    return tuple(
        config.Probe(
            mode=probe.mode or "readiness",
            description=probe.description or f"user probe {number}/{len(given)}",
            script=expander.guest(probe.script or "", f"probes[{number - 1}].script"),
            file=_script_file(probe.file),
            hint=probe.hint or "",
        )
        for number, probe in enumerate(given, 1)
    )


def _copy(given: layer.CopyToHost, key: str, expander: Expander) -> config.CopyToHost:
    return config.CopyToHost(
        guest=expander.guest(given.guest or "", f"{key}.guest"),
        host=expander.host(given.host or "", f"{key}.host"),
        skip_if_missing=_or(given.skip_if_missing, False),
        delete_on_stop=_or(given.delete_on_stop, False),
    )


def _mounts(given: Sequence[layer.Mount], expander: Expander) -> tuple[tuple[config.Mount, ...], tuple[int, ...]]:
    """The mounts with their places expanded, those of one mount point combined (spec/config.md 2.4)."""
    expanded = [_expanded_mount(mount, f"mounts[{index}]", expander) for index, mount in enumerate(given)]
    found = groups([mount.mount_point or "" for mount in expanded])
    mounts = tuple(_mount(combined_mount([expanded[index] for index in group])) for group in found)
    return mounts, tuple(group[0] for group in found)


def _expanded_mount(given: layer.Mount, key: str, expander: Expander) -> layer.Mount:
    location = expander.host_path(given.location or "", f"{key}.location")
    if given.mount_point:
        point = expander.guest(given.mount_point, f"{key}.mountPoint")
    else:
        point = _guest_path(location) if expander.facts.os == "windows" else location
    return msgspec.structs.replace(given, location=location, mount_point=point)


def _guest_path(location: str) -> str:
    """`C:\\Users\\me` as Cygwin writes it, `/c/Users/me`."""
    path = location.replace("\\", "/")
    if len(path) > 1 and path[1] == ":":
        return f"/{path[0].lower()}{path[2:]}"
    return path


def _mount(given: layer.Mount) -> config.Mount:
    writable = _or(given.writable, False)
    ninep = {"cache": "mmap" if writable else "fscache", **_set(given.ninep)}
    return config.Mount(
        location=given.location or "",
        mount_point=given.mount_point or "",
        writable=writable,
        sshfs=config.SSHFS(**_set(given.sshfs)),
        ninep=config.NineP(**ninep),
        virtiofs=config.Virtiofs(queue_size=given.virtiofs.queue_size),
    )


def _networks(
    given: Sequence[layer.Network], facts: HostFacts, context: Context
) -> tuple[tuple[config.Network, ...], tuple[int, ...]]:
    """The networks, those of one interface combined (spec/config.md 2.5)."""
    found = groups([network.interface or "" for network in given])
    merged = [combined_network([given[position] for position in group]) for group in found]
    text = f"{context.directory}/lima.yaml"
    networks = tuple(
        config.Network(
            lima=network.lima or "",
            socket=network.socket or "",
            vz_nat=network.vz_nat,
            mac_address=network.mac_address or mac_address(facts, f"{text}#{index}"),
            interface=network.interface or f"lima{index}",
            metric=_or(network.metric, 100),
        )
        for index, network in enumerate(merged)
    )
    return networks, tuple(group[0] for group in found)


def mac_address(facts: HostFacts, name: str) -> str:
    """A hardware address that is the same at each start, and another one on another host."""
    digest = hashlib.sha256((facts.machine_id + name).encode()).digest()
    return "52:55:55:" + ":".join(f"{byte:02x}" for byte in digest[:3])


def _plain(filled: Config) -> Config:
    """What is left of a configuration in plain mode (spec/config.md 2.7)."""
    return msgspec.structs.replace(
        filled,
        mounts=(),
        port_forwards=tuple(rule for rule in filled.port_forwards if rule.static),
        containerd=msgspec.structs.replace(filled.containerd, system=False, user=False),
        timezone="",
    )
