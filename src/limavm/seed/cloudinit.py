"""The cloud-init documents: user-data, meta-data and network-config of the NoCloud data source.

Keys and values: spec/runtime.md 6.3; what cloud-init makes of them: its module reference. The
instance ID is a digest of everything that cloud-init applies once per instance, so it repeats that work
when, and only when, there is something new to apply.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import yaml

from limavm.model.config import Config, Provision, User
from limavm.seed.environment import numbered, resolver_is_asked
from limavm.seed.facts import NIC, SeedFacts
from limavm.seed.fstab import fstab_mounts, needs_escapes
from limavm.seed.scripts import guest_file

_PER_BOOT = "/var/lib/cloud/scripts/per-boot/00-lima.boot.sh"


def user_data(config: Config, facts: SeedFacts) -> bytes:
    """`user-data`: what cloud-init sets up in the guest."""
    return b"#cloud-config\n" + dump_yaml(_user_data(config, facts))


def meta_data(config: Config, facts: SeedFacts) -> bytes:
    """`meta-data`: the stable instance ID and the host name."""
    return dump_yaml({"instance-id": instance_id(config, facts), "local-hostname": facts.hostname})


def network_config(config: Config, facts: SeedFacts) -> bytes:
    """`network-config`, version 2: one entry per NIC, renamed by MAC address."""
    return dump_yaml({"version": 2, "ethernets": {nic.interface: _ethernet(config, facts, nic) for nic in facts.nics}})


def instance_id(config: Config, facts: SeedFacts) -> str:
    """The instance ID: the same at each boot, another one for a clone and after a change of the documents.

    cloud-init runs most modules (users, network, mounts, certificates) once per instance ID.
    """
    digest = hashlib.sha256()
    for part in (
        facts.identity.encode(),
        facts.hostname.encode(),
        user_data(config, facts),
        network_config(config, facts),
    ):
        digest.update(len(part).to_bytes(8, "big") + part)
    return f"iid-{digest.hexdigest()[:16]}"


def dns_addresses(config: Config, facts: SeedFacts) -> tuple[str, ...]:
    """The name servers of the guest (spec/runtime.md 6.5); empty when DHCP shall tell."""
    if config.dns:
        return config.dns
    if facts.vm_type == "vz":
        return (facts.slirp_gateway,)
    return (facts.slirp_dns,) if resolver_is_asked(config, facts) else facts.host_dns


def _user_data(config: Config, facts: SeedFacts) -> dict[str, Any]:
    servers = dns_addresses(config, facts)
    upgrades = ("package_update", "package_upgrade", "package_reboot_if_required")
    return {
        "growpart": {"mode": "auto", "devices": ["/"]},
        **(dict.fromkeys(upgrades, True) if config.upgrade_packages else {}),
        **({"mounts": mounts} if (mounts := _mounts(config)) else {}),
        **({"timezone": config.timezone} if config.timezone else {}),
        "users": [_user(config.user, facts)],
        # The host keys of the first boot stay, but for a clone; one key is quicker to make than the usual three.
        "ssh_deletekeys": False,
        "ssh_genkeytypes": ["ed25519"],
        "write_files": [
            {
                "content": guest_file("per-boot.sh").decode(),
                "owner": "root:root",
                "path": _PER_BOOT,
                "permissions": "0755",
            }
        ],
        **({"manage_resolv_conf": True, "resolv_conf": {"nameservers": list(servers)}} if servers else {}),
        **_ca_certs(config, facts),
        "bootcmd": [
            _nic_repair(facts),
            _identity(facts),
            *_without_bundle(config, facts),
            # Packages are upgraded in a late stage, and what the boot scripts do may depend on it.
            *([] if config.upgrade_packages else [["sh", "-c", guest_file("early-boot.sh").decode()]]),
            *(_boot_step(number, step, config.param) for number, step in numbered(config.provision, "boot")),
        ],
    }


def _mounts(config: Config) -> list[list[str]]:
    # cloud-init writes them into fstab as they are; what needs more than that is left to a boot script.
    return [entry for entry in fstab_mounts(config) if not needs_escapes(entry[1])]


def _user(user: User, facts: SeedFacts) -> dict[str, Any]:
    return {
        "name": user.name,
        # A string: old releases of cloud-init ignore a number.
        "uid": str(user.uid),
        **({"gecos": user.comment} if user.comment else {}),
        "homedir": user.home,
        "shell": user.shell,
        "sudo": "ALL=(ALL) NOPASSWD:ALL" if user.passwordless_sudo else "ALL=(ALL) ALL",
        "lock_passwd": user.passwordless_sudo,
        "ssh_authorized_keys": list(facts.ssh_public_keys),
    }


def _ca_certs(config: Config, facts: SeedFacts) -> dict[str, Any]:
    trusted = ["\n".join(line.strip() for line in pem.splitlines() if line.strip()) + "\n" for pem in facts.ca_certs]
    section = {
        **({"remove_defaults": True} if config.ca_certs.remove_defaults else {}),
        **({"trusted": trusted} if trusted else {}),
    }
    return {"ca_certs": section} if section else {}


def _without_bundle(config: Config, facts: SeedFacts) -> list[list[str]]:
    # Debian's update-ca-certificates leaves the bundle as it was when no certificate is left to trust. Where one is,
    # it is written anew; so it goes once, before cloud-init comes to that.
    if not config.ca_certs.remove_defaults or facts.ca_certs:
        return []
    return [["cloud-init-per", "instance", "lima-ca-bundle", "rm", "-f", "/etc/ssl/certs/ca-certificates.crt"]]


def _nic_repair(facts: SeedFacts) -> list[str]:
    # The pairs are arguments, so the script itself is the same for everybody.
    pairs = [word for nic in facts.nics for word in (nic.mac.lower(), nic.interface)]
    return ["sh", "-c", guest_file("nic-repair.sh").decode(), "lima-nic-repair", *pairs]


def _identity(facts: SeedFacts) -> list[str]:
    whose = hashlib.sha256(facts.identity.encode()).hexdigest()[:16]
    return ["sh", "-c", guest_file("identity.sh").decode(), "lima-identity", whose]


def _boot_step(number: str, step: Provision, param: Mapping[str, str]) -> list[str]:
    # A list, not a string: cloud-init pastes strings into one script, where an `exit` would end them all.
    exports = [f"PARAM_{key}={value}" for key, value in param.items()]
    first, _, _ = step.script.partition("\n")
    interpreter = first.removeprefix("#!").split() if first.startswith("#!") else ["/bin/sh"]
    wrapper = ["sh", "-c", guest_file("boot-step.sh").decode(), "lima-boot-step"]
    return [*(["env", *exports] if exports else []), *wrapper, number, step.script, *interpreter]


def _ethernet(config: Config, facts: SeedFacts, nic: NIC) -> dict[str, Any]:
    servers = dns_addresses(config, facts) if nic.interface == "eth0" else ()
    return {
        "match": {"macaddress": nic.mac.lower()},
        "dhcp4": True,
        "set-name": nic.interface,
        **({"optional": True} if config.param.get("internal_netplanOptional") == "true" else {}),
        "dhcp4-overrides": {"route-metric": nic.metric},
        "dhcp-identifier": "mac",
        **({"nameservers": {"addresses": list(servers)}} if servers else {}),
    }


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as literal blocks."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(document: Mapping[str, Any]) -> bytes:
    """YAML in the order of the mapping, the same bytes for the same document."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
    return text.encode()
