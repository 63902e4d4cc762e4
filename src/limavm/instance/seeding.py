"""The seed of one boot, and the reference copy of what cloud-init is told."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from limavm.errors import UserError
from limavm.host import paths
from limavm.host.files import write_atomic
from limavm.host.names import loopback_names
from limavm.host.platform import facts, system_name_servers, system_proxies
from limavm.model.config import Config
from limavm.model.instance import hostname_of
from limavm.model.machine import AGENT_PORT, Machine
from limavm.model.plan import Plan
from limavm.seed.agentbundle import bundle
from limavm.seed.documents import cloud_config, documents
from limavm.seed.environment import proxy_variables
from limavm.seed.facts import NIC, SeedFacts
from limavm.seed.iso import write_iso
from limavm.seed.proxies import PROXY_VARIABLES, odd_proxies, proxy_hosts
from limavm.seed.yqbundle import yq_bundle
from limavm.ssh.keys import ensure_identity, public_keys
from limavm.store import containerd

log = logging.getLogger(__name__)

#: The primary NIC, and what every further one has unless it says otherwise (spec/config.md 1.11).
_ETH0_METRIC = 200
#: More certificates than a host trusts, in characters; all of them go into user-data.
_MOST_OF_A_FILE = 1 << 20


_T = TypeVar("_T")


def write_seed(plan: Plan) -> None:
    """Write `cidata.iso` and `cloud-config.yaml` for the boot that `plan` describes."""
    config, machine = plan.config, plan.machine
    seed = replace(
        _facts(config, machine.name, machine.directory, machine.boot_token, _nics(config, machine)),
        udp_dns_local_port=plan.dns_udp_port,
        tcp_dns_local_port=plan.dns_tcp_port,
        guest_agent=b"" if config.plain else bundle(),
        virtio_port=AGENT_PORT if machine.agent_socket else "",
        agent_token="" if config.plain else plan.agent_token,
        containerd_version=known.version if (known := containerd.load(machine.directory)) else "",
        containerd_archive=sum(os.path.getsize(medium.path) for medium in machine.media),
        yq=yq_bundle() if any(step.mode == "yq" for step in config.provision) else b"",
    )
    seed = with_proxies(config, seed)
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
        host_dns=() if config.host_resolver.enabled or config.dns else _asked(system_name_servers, ()),
        ca_certs=_certificates(config),
    )


def _nics(config: Config, machine: Machine) -> list[NIC]:
    eth0 = NIC(mac=machine.nic.mac, interface="eth0", metric=_ETH0_METRIC)
    return [eth0] + [
        NIC(mac=network.mac_address, interface=network.interface, metric=network.metric) for network in config.networks
    ]


def with_proxies(config: Config, seed: SeedFacts) -> SeedFacts:
    """The facts with the proxies of this moment; what is odd about them is logged."""
    seed = replace(
        seed,
        system_proxies=_asked(system_proxies, dict[str, str]()),
        proxies={name: os.environ[name] for name in PROXY_VARIABLES if name in os.environ},
    )
    variables = proxy_variables(config, seed)
    for sentence in odd_proxies(variables):
        log.warning("%s", sentence)
    return replace(seed, loopback_hosts=loopback_names(proxy_hosts(variables)))


def _asked(ask: Callable[[], _T], otherwise: _T) -> _T:
    """What the system says; a tool of it that fails keeps no instance from starting."""
    try:
        return ask()
    except UserError as error:
        log.warning("%s", error)
        return otherwise


def _certificates(config: Config) -> tuple[str, ...]:
    """The PEM texts; UserError for a file that cannot be read, or is none of certificates."""
    files = (_certificate_file(name, f"caCerts.files[{i}]") for i, name in enumerate(config.ca_certs.files))
    return (*files, *config.ca_certs.certs)


def _certificate_file(name: str, where: str) -> str:
    path = os.path.abspath(os.path.expanduser(name))
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_MOST_OF_A_FILE)
    except OSError as error:
        raise UserError(f"the certificate file {path} cannot be read: {error.strerror}", where=where) from error
    except UnicodeDecodeError as error:
        text = str(error)
    if len(text) == _MOST_OF_A_FILE:
        raise UserError(f"{path} is larger than {_MOST_OF_A_FILE >> 20} MiB", where=where)
    if "-----BEGIN" not in text:
        hint = f"a certificate in DER becomes one by: openssl x509 -inform der -in {name}"
        raise UserError(f"{path} holds no certificate in PEM, a text", where=where, hint=hint)
    return text
