"""Forwards that rules ask for whether or not anything listens in the guest: `static` ones, and unix sockets."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from limavm.hostagent.forwarding.portrules.addresses import LOOPBACK_4, LOOPBACK_6, Place, parsed_ip
from limavm.hostagent.forwarding.portrules.matching import PROTOCOLS, host_address, rule_name, why_kept_for_ssh
from limavm.hostagent.forwarding.portrules.routes import Abilities, route, why_none
from limavm.model.config import PortForward
from limavm.model.forward import MOST_STATIC_PORTS, Forward
from limavm.model.value import Value

#: The protocol of a forward whose guest side is a unix socket.
UNIX = "unix"


class Outcome(Value, frozen=True, kw_only=True):
    """What becomes of a listener of the guest, or of a rule that needs none.

    `protocol` is `tcp`, `udp` or `unix`. Without a `forward` it is not forwarded, and `reason` says why.
    Several outcomes may share one forward. `quiet`: the log need not say that it is not forwarded.
    """

    protocol: str
    guest: str
    host: str = ""
    forward: Forward | None = None
    reason: str
    quiet: bool = False


def standing_outcomes(rules: Sequence[PortForward], abilities: Abilities) -> list[Outcome]:
    """What becomes of the static rules and the sockets among the effective rules, in their order."""
    found: list[Outcome] = []
    for index, rule in enumerate(rules):
        name = rule_name(index, rules)
        if rule.ignore:
            continue
        if rule.guest_socket:
            found.append(_socket(rule, name, abilities))
        elif rule.static:
            found += _static(rule, name, rules, abilities)
    return found


def _socket(rule: PortForward, name: str, abilities: Abilities) -> Outcome:
    host = host_address(rule, rule.guest_port_range[0])
    base = Outcome(protocol=UNIX, guest=rule.guest_socket, host=host, reason=f"{name} forwards it")
    way = route(UNIX, rule.guest_socket, host, abilities)
    if way is None:
        return replace(base, reason=why_none(UNIX, rule.guest_socket, host, abilities))
    forward = Forward(
        protocol=UNIX, guest=rule.guest_socket, host=host, route=way, reverse=rule.reverse, static=rule.static
    )
    return replace(base, forward=forward)


def _static(rule: PortForward, name: str, rules: Sequence[PortForward], abilities: Abilities) -> Iterator[Outcome]:
    first, last = rule.guest_port_range
    protocols = [protocol for protocol in PROTOCOLS if rule.proto in ("any", protocol)]
    for protocol in protocols:
        if last - first >= MOST_STATIC_PORTS:
            reason = f"{name} has {last - first + 1} ports, and static ones are at most {MOST_STATIC_PORTS} a rule"
            yield Outcome(protocol=protocol, guest=f"{rule.guest_ip}:{first}-{last}", reason=reason)
            continue
        for port in range(first, last + 1):
            if reason := why_kept_for_ssh(port, rules):
                guest = f"{rule.guest_ip}:{port}"
                yield Outcome(protocol=protocol, guest=guest, reason=reason, quiet=True)
            else:
                yield _static_port(rule, name, protocol, port, abilities)


def _static_port(rule: PortForward, name: str, protocol: str, port: int, abilities: Abilities) -> Outcome:
    ip = parsed_ip(rule.guest_ip) or LOOPBACK_4
    if ip.is_unspecified and not rule.guest_ip_must_be_zero:
        # Any address of the guest will do: the loopback reaches what listens there and on all of them.
        ip = LOOPBACK_4 if ip.version == 4 else LOOPBACK_6
    guest, host = str(Place(ip, port)), host_address(rule, port)
    base = Outcome(protocol=protocol, guest=guest, host=host, reason=f"{name} forwards it, static")
    way = route(protocol, guest, host, abilities)
    if way is None:
        # Who left out `proto` in a plain guest means TCP, and need not hear of UDP each time.
        is_aside = rule.proto == "any" and protocol == "udp"
        return replace(base, reason=why_none(protocol, guest, host, abilities), quiet=is_aside)
    return replace(base, forward=Forward(protocol=protocol, guest=guest, host=host, route=way, static=True))
