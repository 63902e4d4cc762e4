"""What is wrong with `networks` (spec/config.md 7.4): by itself, and for those that networks.yaml defines."""

from collections.abc import Sequence

from limavm.config.address import mac_bytes
from limavm.config.errors import Path
from limavm.config.flaw import Flaws
from limavm.config.spelling import nearest
from limavm.model.config import Network
from limavm.model.host import HostFacts
from limavm.model.network import USER_V2, Networks

_LONGEST = 15
_BUILT_IN = "eth0"


def check_networks(networks: Sequence[Network], flaws: Flaws) -> None:
    """Note what is wrong with the NICs."""
    seen: set[str] = set()
    for index, network in enumerate(networks):
        path: Path = ("networks", index)
        _check_kind(network, flaws, path)
        if network.mac_address and (length := mac_bytes(network.mac_address)) != 6:
            problem = "is no hardware address" if length is None else f"has {length} bytes, not 6"
            flaws.add(f"{network.mac_address!r} {problem}", *path, "macAddress")
        if not 0 <= network.metric < 2**32:
            flaws.add(f"must be a number from 0 to {2**32 - 1}", *path, "metric")
        _check_interface(network.interface, seen, flaws, path)
        seen.add(network.interface)


def check_defined(networks: Sequence[Network], defined: Networks, facts: HostFacts, flaws: Flaws) -> None:
    """Note which of the networks are not defined, or cannot be on this host."""
    for index, network in enumerate(networks):
        if not network.lima:
            continue
        known = defined.networks.get(network.lima)
        if known is None:
            match = nearest(network.lima, defined.networks)
            hint = f"; did you mean {match!r}?" if match else f"; there are {', '.join(sorted(defined.networks))}"
            flaws.add(f"the network {network.lima[:80]!r} is not defined{hint}", "networks", index, "lima")
        elif known.mode != USER_V2 and facts.os != "darwin":
            kind = f"a network of the mode {known.mode!r}" if known.mode else "a network without a mode"
            flaws.add(f"{network.lima!r} is {kind}, which only macOS has", "networks", index, "lima")


def _check_kind(network: Network, flaws: Flaws, path: Path) -> None:
    kinds = {"lima": bool(network.lima), "socket": bool(network.socket), "vzNAT": bool(network.vz_nat)}
    chosen = [name for name, given in kinds.items() if given]
    if not chosen:
        flaws.add("one of lima, socket and vzNAT is needed", *path)
    elif len(chosen) > 1:
        flaws.add(f"{' and '.join(chosen)} exclude each other", *path)


def _check_interface(interface: str, seen: set[str], flaws: Flaws, path: Path) -> None:
    if len(interface.encode()) > _LONGEST:
        flaws.add(f"{interface!r} is longer than {_LONGEST} bytes", *path, "interface")
    if any(char in interface for char in " \t\n/"):
        flaws.add(f"{interface!r} contains a blank or a slash", *path, "interface")
    if interface == _BUILT_IN:
        flaws.add(f"{interface} is the built-in NIC", *path, "interface")
    if interface in seen:
        flaws.add(f"{interface} is the name of an earlier entry", *path, "interface")
