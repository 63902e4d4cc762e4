"""What the seed needs to know besides the configuration of the instance."""

from limavm.model.config import Map
from limavm.model.value import Value


class NIC(Value, frozen=True, kw_only=True):
    """A network interface of the guest, found by its MAC address and given a name."""

    mac: str
    interface: str
    metric: int


class SeedFacts(Value, frozen=True, kw_only=True):
    """Facts of one start of one instance; `documents` decides everything from them and the Config.

    `identity` tells this instance from every other on any host (machine ID and directory); a clone has
    another one. `boot_token` is new at each start by the host agent. `system_proxies` holds the proxy variables
    of the host's settings (macOS), `proxies` those of its environment, `loopback_hosts` the names in proxies that
    mean the host itself, `ca_certs` the PEM texts of `caCerts.files` and `caCerts.certs`,
    `host_dns` the host's own name servers where they are known. The DNS ports are those on which the
    host agent answers, 0 where it does not. `guest_agent` is the bundle, empty when the guest gets none,
    `agent_token` what its clients have to present; `yq` is the program for provisioning by expressions, if any is.
    `containerd_version` names the archive that the guest is to have, empty for the packages of its distribution;
    `containerd_archive` is the size in bytes of the medium that brings it, 0 without one.
    """

    name: str
    hostname: str
    identity: str
    boot_token: str
    ssh_public_keys: tuple[str, ...]
    nics: tuple[NIC, ...]
    vm_type: str = "qemu"
    slirp_gateway: str = "192.168.5.2"
    slirp_dns: str = "192.168.5.3"
    slirp_ip_address: str = "192.168.5.15"
    udp_dns_local_port: int = 0
    tcp_dns_local_port: int = 0
    no_cloud_init: bool = False
    vsock_port: int = 0
    virtio_port: str = ""
    guest_agent: bytes = b""
    agent_token: str = ""
    yq: bytes = b""
    containerd_version: str = ""
    containerd_archive: int = 0
    host_home: str = ""
    host_dns: tuple[str, ...] = ()
    system_proxies: Map = {}
    proxies: Map = {}
    loopback_hosts: frozenset[str] = frozenset()
    ca_certs: tuple[str, ...] = ()
    debug: bool = False
