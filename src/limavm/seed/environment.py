"""The variables that the guest's boot scripts and its users see: `lima.env`, `param.env`, `etc_environment`.

Rules: spec/runtime.md 6.4 (names and formats) and 6.5 (proxies). Values are written raw, one per line,
so a line break in one would forge another variable: it is refused here, whatever validation did before.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from limavm.errors import UserError
from limavm.model.config import Config, Disk, Mount, Provision
from limavm.seed.facts import SeedFacts

PROXY_NAMES = ("ftp_proxy", "http_proxy", "https_proxy", "no_proxy")

_PREFIX = "LIMA_CIDATA_"


def lima_env(config: Config, facts: SeedFacts) -> bytes:
    """`lima.env`: `LIMA_CIDATA_*` lines; flags are `1` or empty unless a comment says otherwise."""
    variables = {
        **_instance(config, facts),
        **_mounts(config, facts),
        **_disks(config.additional_disks),
        **_data_files(config.provision),
        **_network(facts),
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
    proxies = _proxies(config, facts)
    rest = {key: value for key, value in config.env.items() if key.lower() not in PROXY_NAMES}
    return rest | proxies


def _proxies(config: Config, facts: SeedFacts) -> dict[str, str]:
    found: dict[str, str] = {}
    sources = [config.env, facts.proxies] if config.propagate_proxy_env else [config.env]
    for source in sources:
        # Lower case last, so that it wins over its upper-case twin within one source.
        for key in sorted((key for key in source if key.lower() in PROXY_NAMES), key=str.islower):
            found[key.lower()] = source[key]
    proxies: dict[str, str] = {}
    for name in PROXY_NAMES:
        if value := found.get(name):
            value = value if name == "no_proxy" else reachable_proxy(value, facts.slirp_gateway)
            proxies |= {name: value, name.upper(): value}
    return proxies


def reachable_proxy(url: str, gateway: str) -> str:
    """The proxy URL as the guest reaches it: a loopback host becomes the gateway; others are kept."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    if host is None or not _is_loopback(host):
        return url
    login, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=login + at + gateway + (f":{port}" if port else "")).geturl()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


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
        # containerd arrives with a later issue; until then nothing in the guest may wait for its archive.
        "CONTAINERD_USER": "",
        "CONTAINERD_SYSTEM": "",
        "ROSETTA_ENABLED": "false",
        "ROSETTA_BINFMT": "false",
        "SKIP_DEFAULT_DEPENDENCY_RESOLUTION": _flag(_skips_default_dependencies(config.provision)),
        "VMTYPE": facts.vm_type,
        "VSOCK_PORT": str(facts.vsock_port),
        "VIRTIO_PORT": facts.virtio_port,
        "PLAIN": _flag(config.plain),
        "NO_CLOUD_INIT": _flag(facts.no_cloud_init),
        "PASSWORDLESS_SUDO": _flag(user.passwordless_sudo),
    }


def _network(facts: SeedFacts) -> dict[str, str]:
    return {
        "SLIRP_DNS": facts.slirp_dns,
        "SLIRP_GATEWAY": facts.slirp_gateway,
        "SLIRP_IP_ADDRESS": facts.slirp_ip_address,
        "UDP_DNS_LOCAL_PORT": str(facts.udp_dns_local_port),
        "TCP_DNS_LOCAL_PORT": str(facts.tcp_dns_local_port),
    }


def _mounts(config: Config, facts: SeedFacts) -> dict[str, str]:
    home = next((mount.mount_point for mount in config.mounts if mount.location == facts.host_home), "")
    variables = {"HOSTHOME_MOUNTPOINT": home, "MOUNTS": str(len(config.mounts)), "MOUNTTYPE": config.mount_type or ""}
    return variables | {f"MOUNTS_{i}_MOUNTPOINT": _mount_point(mount) for i, mount in enumerate(config.mounts)}


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
