"""The seed of one boot, and the reference copy of what cloud-init is told."""

import os
import time
from collections.abc import Sequence

from msgspec.structs import replace

from limavm.host import paths
from limavm.host.files import write_atomic
from limavm.host.platform import facts
from limavm.model.config import Config
from limavm.model.instance import hostname_of
from limavm.model.machine import Machine
from limavm.model.plan import Plan
from limavm.seed.documents import cloud_config, documents
from limavm.seed.facts import NIC, SeedFacts
from limavm.seed.iso import write_iso
from limavm.ssh.keys import ensure_identity, public_keys

_PROXIES = ("ftp_proxy", "http_proxy", "https_proxy", "no_proxy")
#: The primary NIC, and what every further one has unless it says otherwise (spec/config.md 1.11).
_ETH0_METRIC = 200


def write_seed(plan: Plan) -> None:
    """Write `cidata.iso` and `cloud-config.yaml` for the boot that `plan` describes."""
    config, machine = plan.config, plan.machine
    seed = replace(
        _facts(config, machine.name, machine.directory, machine.boot_token, _nics(config, machine)),
        udp_dns_local_port=plan.dns_udp_port,
        tcp_dns_local_port=plan.dns_tcp_port,
    )
    # A guest without a clock of its own takes the time of the seed.
    write_iso(documents(config, seed), machine.seed, timestamp=time.time())
    write_atomic(os.path.join(machine.directory, paths.CLOUD_CONFIG), cloud_config(config, seed), 0o444)


def reference_copy(config: Config, name: str, directory: str) -> bytes:
    """`cloud-config.yaml` of an instance that has not been started yet."""
    return cloud_config(config, _facts(config, name, directory, "", ()))


def _facts(config: Config, name: str, directory: str, token: str, nics: Sequence[NIC]) -> SeedFacts:
    host = facts()
    ensure_identity(paths.config_dir())
    keys = public_keys(paths.config_dir(), host.home, config.ssh.load_dot_ssh_pub_keys)
    return SeedFacts(
        name=name,
        hostname=hostname_of(name),
        identity=f"{host.machine_id} {directory}",
        boot_token=token,
        ssh_public_keys=tuple(keys),
        nics=tuple(nics),
        vm_type=config.vm_type,
        host_home=host.home,
        proxies=_proxies() if config.propagate_proxy_env else {},
        ca_certs=_certificates(config),
    )


def _nics(config: Config, machine: Machine) -> list[NIC]:
    eth0 = NIC(mac=machine.nic.mac, interface="eth0", metric=_ETH0_METRIC)
    return [eth0] + [
        NIC(mac=network.mac_address, interface=network.interface, metric=network.metric) for network in config.networks
    ]


def _proxies() -> dict[str, str]:
    names = [name for lower in _PROXIES for name in (lower, lower.upper())]
    return {name: os.environ[name] for name in names if name in os.environ}


def _certificates(config: Config) -> tuple[str, ...]:
    texts = []
    for name in config.ca_certs.files:
        with open(os.path.abspath(os.path.expanduser(name)), encoding="utf-8") as file:
            texts.append(file.read())
    return (*texts, *config.ca_certs.certs)
