"""The variables that the guest's boot scripts and its users see: `lima.env`, `param.env`, `etc_environment`.

Rules: spec/runtime.md 6.4 (names and formats) and 6.5 (proxies). Values are written raw, one per line,
so a line break in one would forge another variable: it is refused here, whatever validation did before.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from limavm.errors import UserError
from limavm.model.config import Config, Disk, Mount, Provision, needs_guest_agent
from limavm.seed.facts import SeedFacts
from limavm.seed.fstab import fstab_mounts
from limavm.seed.proxies import PROXY_VARIABLES, guest_proxies, overlaid

_PREFIX = "LIMA_CIDATA_"


def lima_env(config: Config, facts: SeedFacts) -> bytes:
    """`lima.env`: `LIMA_CIDATA_*` lines; flags are `1` or empty unless a comment says otherwise."""
    variables = {
        **_instance(config, facts),
        **_mounts(config, facts),
        **_disks(config.additional_disks),
        **_data_files(config.provision),
        **_yq_files(config.provision),
        **_network(config, facts),
    }
    return _lines({_PREFIX + key: value for key, value in variables.items()}, "lima.env")


def param_env(param: Mapping[str, str]) -> bytes:
    """`param.env`: the parameters of the template as `PARAM_*` lines."""
    return _lines({f"PARAM_{key}": value for key, value in param.items()}, "param")


def etc_environment(config: Config, facts: SeedFacts) -> bytes:
    """The block that a boot script keeps in the guest's `/etc/environment`."""
    return b"#LIMA-START\n" + _lines(guest_environment(config, facts), "env") + b"#LIMA-END\n"


def guest_environment(config: Config, facts: SeedFacts) -> dict[str, str]:
    """`env:` and the proxies, with loopback proxies rewritten so that the guest reaches the host's."""
    rest = {key: value for key, value in config.env.items() if key not in PROXY_VARIABLES}
    return rest | guest_proxies(proxy_variables(config, facts), facts.slirp_gateway, facts.loopback_hosts)


def proxy_variables(config: Config, facts: SeedFacts) -> dict[str, str]:
    """The proxy variables that are in force on the host for this instance, as they are there."""
    of_process = facts.proxies if config.propagate_proxy_env else {}
    return overlaid(facts.system_proxies, config.env, of_process)


def _instance(config: Config, facts: SeedFacts) -> dict[str, str]:
    user = config.user
    return {
        "DEBUG": _word(facts.debug),  # true or false
        # Lima's readiness files carry this value and its host agent compares it. Lima changes the cloud-init
        # instance ID at each start; ours is stable, so what tells one boot from the next is the boot token.
        "IID": facts.boot_token,
        "NAME": facts.name,
        "USER": user.name,
        "UID": str(user.uid),
        "COMMENT": user.comment,
        "HOME": user.home,
        "SHELL": user.shell,
        "GUEST_INSTALL_PREFIX": config.guest_install_prefix,
        "UPGRADE_PACKAGES": _flag(config.upgrade_packages),
        **_containerd(config, facts),
        "ROSETTA_ENABLED": "false",
        "ROSETTA_BINFMT": "false",
        "SKIP_DEFAULT_DEPENDENCY_RESOLUTION": _flag(_skips_default_dependencies(config.provision)),
        "VMTYPE": facts.vm_type,
        "VSOCK_PORT": str(facts.vsock_port),
        "VIRTIO_PORT": facts.virtio_port,
        # Ours: tells whether the guest has this agent already, without a process there that would find it out.
        "GUESTAGENT_DIGEST": hashlib.sha256(facts.guest_agent).hexdigest() if facts.guest_agent else "",
        "GUESTAGENT_LATE": _flag(_agent_may_be_late(config)),
        "AGENT_TOKEN": facts.agent_token,
        "YQ_DIGEST": hashlib.sha256(facts.yq).hexdigest()[:16] if facts.yq else "",
        "PLAIN": _flag(config.plain),
        "NO_CLOUD_INIT": _flag(facts.no_cloud_init),
        "PASSWORDLESS_SUDO": _flag(user.passwordless_sudo),
    }


def _containerd(config: Config, facts: SeedFacts) -> dict[str, str]:
    """The last two are ours. Lima's archive is a file of the seed; ours comes as a medium of its own, of that size."""
    user, system = config.containerd.user, config.containerd.system
    flags = {"CONTAINERD_USER": _flag(user), "CONTAINERD_SYSTEM": _flag(system)}
    if not user and not system:
        return flags
    return {
        **flags,
        "CONTAINERD_ARCHIVE": "nerdctl-full.tgz" if facts.containerd_version else "",
        "CONTAINERD_VERSION": facts.containerd_version,
        "CONTAINERD_ARCHIVE_SIZE": str(facts.containerd_archive),
    }


def _agent_may_be_late(config: Config) -> bool:
    """Whether nothing of the start needs the guest agent: no rule (READY waits for it then), no script of others."""
    return not needs_guest_agent(config) and not any(step.mode in ("system", "user") for step in config.provision)


def _network(config: Config, facts: SeedFacts) -> dict[str, str]:
    redirected = resolver_is_asked(config, facts)
    return {
        "SLIRP_DNS": facts.slirp_dns,
        "SLIRP_GATEWAY": facts.slirp_gateway,
        "SLIRP_IP_ADDRESS": facts.slirp_ip_address,
        "UDP_DNS_LOCAL_PORT": str(facts.udp_dns_local_port if redirected else 0),
        "TCP_DNS_LOCAL_PORT": str(facts.tcp_dns_local_port if redirected else 0),
    }


def resolver_is_asked(config: Config, facts: SeedFacts) -> bool:
    """Whether the guest asks the host agent for names: no server is given, and none is built into the network."""
    return config.host_resolver.enabled and not config.dns and facts.vm_type != "vz"


def _mounts(config: Config, facts: SeedFacts) -> dict[str, str]:
    home = next((mount.mount_point for mount in config.mounts if mount.location == facts.host_home), "")
    variables = {"HOSTHOME_MOUNTPOINT": home, "MOUNTS": str(len(config.mounts)), "MOUNTTYPE": config.mount_type or ""}
    points = {f"MOUNTS_{i}_MOUNTPOINT": _mount_point(mount) for i, mount in enumerate(config.mounts)}
    return variables | points | _shares(config)


def _shares(config: Config) -> dict[str, str]:
    """Ours: what the guest mounts by itself, and in which order, so that nothing is mounted over what lies below."""
    entries = fstab_mounts(config)
    if not entries:
        return {}
    order = sorted(range(len(entries)), key=lambda index: entries[index][1])
    variables = {"MOUNTS_ORDER": " ".join(map(str, order))}
    for index, (tag, _, _, options, *_) in enumerate(entries):
        variables |= {f"MOUNTS_{index}_TAG": tag, f"MOUNTS_{index}_OPTIONS": options}
    return variables


def _mount_point(mount: Mount) -> str:
    if not mount.mount_point.startswith("/"):
        raise UserError(f"the mount point {mount.mount_point!r} is not an absolute path", where="mounts")
    return mount.mount_point


def _disks(disks: Sequence[Disk]) -> dict[str, str]:
    variables = {"DISKS": str(len(disks))}
    for index, disk in enumerate(disks):
        variables |= {
            f"DISK_{index}_NAME": disk.name,
            f"DISK_{index}_DEVICE": f"vd{chr(ord('b') + index)}",
            f"DISK_{index}_FORMAT": _word(disk.format is not False),  # true or false
            f"DISK_{index}_FSTYPE": disk.fs_type or "",
            f"DISK_{index}_FSARGS": " ".join(disk.fs_args),
        }
    return variables


def _data_files(provision: Sequence[Provision]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for number, step in numbered(provision, "data"):
        key = f"DATAFILE_{number}_"
        variables |= {
            key + "OVERWRITE": _word(step.overwrite is not False),  # true or false
            key + "OWNER": step.owner or "root:root",
            key + "PATH": step.path or "",
            key + "PERMISSIONS": step.permissions or "644",
        }
    return variables


def _yq_files(provision: Sequence[Provision]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for number, step in numbered(provision, "yq"):
        key = f"YQ_PROVISION_{number}_"
        variables |= {
            key + "FORMAT": step.format or "auto",
            key + "OWNER": step.owner or "root:root",
            key + "PATH": step.path or "",
            key + "PERMISSIONS": step.permissions or "644",
        }
    return variables


def numbered(provision: Sequence[Provision], mode: str) -> Iterator[tuple[str, Provision]]:
    """The steps of one mode, each with the eight digits of its place in the whole list."""
    for index, step in enumerate(provision):
        if step.mode == mode:
            yield f"{index:08}", step


def _skips_default_dependencies(provision: Sequence[Provision]) -> bool:
    return any(step.skip_default_dependency_resolution for step in provision)


def _flag(value: bool) -> str:
    return "1" if value else ""


def _word(value: bool) -> str:
    return "true" if value else "false"


def _lines(variables: Mapping[str, str], where: str) -> bytes:
    for key, value in variables.items():
        if any(char in f"{key}{value}" for char in "\n\r\0"):
            raise UserError(f"the value of {key} contains a line break or a zero byte", where=where)
    return "".join(f"{key}={value}\n" for key, value in variables.items()).encode()
