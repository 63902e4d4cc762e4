"""Which way the bytes of a forward go: the hypervisor, the ssh master, or a tunnel of the guest agent.

The hypervisor moves them without a process of ours, but reaches the guest at its own address only, and
listens on IPv4 only. ssh dials whatever the guest can dial, TCP and sockets. The tunnel does the rest.
"""

from enum import StrEnum

from limavm.hostagent.forwarding.portrules.addresses import IP, parsed_ip, parsed_place
from limavm.model.forward import Route
from limavm.model.value import Value

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_VARIABLE = "LIMA_SSH_PORT_FORWARDER"
#: Ports below this one are for root.
_FIRST_FREE = 1024


class Preference(StrEnum):
    """What the user wants of routes."""

    #: The quickest that can.
    BEST = "best"
    #: ssh for TCP.
    SSH = "ssh"
    #: Tunnels of the guest agent for everything that they can.
    GRPC = "grpc"


class Abilities(Value, frozen=True, kw_only=True):
    """What forwards can be made of: whether the hypervisor, ssh and the guest agent take part."""

    hostfwd: bool = False
    ssh: bool = False
    grpc: bool = False
    #: The guest's own address on the hypervisor's network.
    slirp_ip: str = "192.168.5.15"
    preference: Preference = Preference.BEST
    #: On macOS a user may have a port below 1024 on all addresses, not on the loopback alone. Only the tunnels,
    #: which turn away peers from elsewhere, can make one of the other.
    low_ports_by_tunnel: bool = False


def preference(value: str | None) -> tuple[Preference, str | None]:
    """What `LIMA_SSH_PORT_FORWARDER` asks for, and a warning if that is unclear."""
    if not value:
        return Preference.BEST, None
    if value in _TRUE:
        return Preference.SSH, None
    if value in _FALSE:
        return Preference.GRPC, None
    return Preference.GRPC, f"{_VARIABLE} is neither true nor false, but {value!r}: ports go through the guest agent"


def route(protocol: str, guest: str, host: str, abilities: Abilities, *, v6only: bool = False) -> Route | None:
    """The route of a forward between two addresses (or paths of sockets); None when there is none.

    `v6only` is for a guest address `::` that takes no IPv4 peers.
    """
    able = [way for way in _ways(protocol, guest, host, abilities, v6only=v6only) if _has(abilities, way)]
    match abilities.preference:
        case Preference.SSH if protocol != "udp" and Route.SSH in able:
            return Route.SSH
        case Preference.GRPC if Route.GRPC in able:
            return Route.GRPC
        case _:
            return able[0] if able else None


def why_none(protocol: str, guest: str, host: str, abilities: Abilities) -> str:
    """Why there is no route, as a clause for people."""
    if protocol == "udp" and parsed_place(host) is None:
        return "UDP cannot go to a socket of the host"
    if protocol == "udp" and not abilities.grpc:
        return f"UDP to {guest} goes through the guest agent, which there is none of"
    return f"nothing that runs here can reach {guest}"


def _has(abilities: Abilities, way: Route) -> bool:
    match way:
        case Route.HOSTFWD:
            return abilities.hostfwd
        case Route.SSH:
            return abilities.ssh
        case Route.GRPC:
            return abilities.grpc


def _ways(protocol: str, guest: str, host: str, abilities: Abilities, *, v6only: bool) -> list[Route]:
    """The routes that could serve, best first."""
    inside, outside = parsed_place(guest), parsed_place(host)
    if inside is None:
        return [Route.SSH]  # a unix socket of the guest
    if outside is None:
        return [] if protocol == "udp" else [Route.SSH, Route.GRPC]
    is_low = outside.ip.is_loopback and outside.port < _FIRST_FREE
    if is_low and abilities.low_ports_by_tunnel and abilities.grpc:
        return [Route.GRPC]
    by_ssh = [Route.SSH] if protocol == "tcp" else []
    reached = outside.ip.version == 4 and _reaches_own_address(inside.ip, abilities, v6only=v6only)
    return [*([Route.HOSTFWD] if reached else []), *by_ssh, Route.GRPC]


def _reaches_own_address(ip: IP, abilities: Abilities, *, v6only: bool) -> bool:
    """Whether what listens on `ip` hears peers that dial the guest's own IPv4 address."""
    if ip.is_unspecified:
        return ip.version == 4 or not v6only
    return ip == parsed_ip(abilities.slirp_ip)
