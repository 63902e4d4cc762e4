"""Lima's algorithm: the first rule that is decisive for a listener of the guest (spec/runtime.md 8.2, 8.3).

Rules are told apart by their place among the effective ones: the two that keep ssh for itself, those of
the configuration, named `portForwards[0]` and so on as the user counts them, and the default rule.
"""

from collections.abc import Sequence
from typing import NamedTuple

from limavm.hostagent.forwarding.portrules.addresses import IP, LOOPBACK_4, LOOPBACK_6, Place, parsed_ip
from limavm.model.config import PortForward
from limavm.model.forward import Listener
from limavm.model.printable import printable
from limavm.model.value import Value

PROTOCOLS = ("tcp", "udp")
SSH_PORT = 22
#: How many of the effective rules stand before those of the configuration.
_BEFORE = 2
_ALL = (1, 65535)


class Decision(Value, frozen=True, kw_only=True):
    """What the rules say of one listener.

    `guest` is where it listens, `host` where it is to appear: an address, the path of a socket, or
    empty. `reason` is a clause for people. `quiet`: the log need not say that it is not forwarded.
    """

    forwarded: bool
    guest: str
    host: str = ""
    reason: str
    quiet: bool = False


class Silence(NamedTuple):
    """Protocols whose "Not forwarding" lines the log leaves out, and the lines that say so instead."""

    protocols: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()


def effective_rules(port_forwards: Sequence[PortForward], ssh_port: int) -> tuple[PortForward, ...]:
    """The rules of the configuration between those that everybody has.

    `ssh_port` is the port of the host on which the guest's ssh answers.
    """
    own = (_ignored(port) for port in (SSH_PORT, ssh_port))
    return (*own, *port_forwards, PortForward())


def _ignored(port: int) -> PortForward:
    return PortForward(
        guest_ip="0.0.0.0",  # noqa: S104 - any address of the guest
        guest_ip_must_be_zero=False,
        guest_port=port,
        guest_port_range=(port, port),
        host_port_range=(port, port),
        ignore=True,
    )


def rule_name(index: int, rules: Sequence[PortForward]) -> str:
    """What a user calls the effective rule at `index`."""
    if index < _BEFORE:
        return "ssh itself"
    return "the default rule" if index == len(rules) - 1 else f"portForwards[{index - _BEFORE}]"


def decide(listener: Listener, rules: Sequence[PortForward]) -> Decision:
    """What the effective `rules` say of the listener, whatever it claims to be."""
    ip = parsed_ip(listener.ip)
    if ip is None or listener.protocol not in PROTOCOLS or not _ALL[0] <= listener.port <= _ALL[1]:
        told = printable(f"{listener.ip[:64]}:{listener.port}")
        return Decision(forwarded=False, guest=told, reason="the guest agent told nonsense", quiet=True)
    guest = Place(ip, listener.port)
    for index, rule in enumerate(rules):
        if not _concerns(rule, listener.protocol, guest):
            continue
        if not rule.ignore:
            reason = f"{rule_name(index, rules)} forwards it"
            return Decision(forwarded=True, guest=str(guest), host=host_address(rule, guest.port), reason=reason)
        if not (ip.is_unspecified and not _rule_ip(rule).is_unspecified):
            return _refused(listener, guest, rules, _why_ignored(index, rules))
    return _refused(listener, guest, rules, f"no rule matches {guest}")


def _refused(listener: Listener, guest: Place, rules: Sequence[PortForward], reason: str) -> Decision:
    quiet = listener.protocol in silenced(rules).protocols
    return Decision(forwarded=False, guest=str(guest), reason=reason, quiet=quiet)


def _why_ignored(index: int, rules: Sequence[PortForward]) -> str:
    if index < _BEFORE:
        return why_kept_for_ssh(rules[index].guest_port, rules)
    return f"{rule_name(index, rules)} ignores it"


def why_kept_for_ssh(port: int, rules: Sequence[PortForward]) -> str:
    """Why no rule of the configuration is asked about a port of the guest; empty where they are."""
    if port == rules[0].guest_port:
        return "it is ssh itself"
    return f"the host's port {port} leads to ssh itself" if port == rules[1].guest_port else ""


def _concerns(rule: PortForward, protocol: str, guest: Place) -> bool:
    """Steps 1 to 4 of spec/runtime.md 8.3."""
    if rule.guest_socket or rule.proto not in ("any", protocol):
        return False
    if not rule.guest_port_range[0] <= guest.port <= rule.guest_port_range[1]:
        return False
    ip, wanted = guest.ip, _rule_ip(rule)
    return (
        ip.is_unspecified
        or ip == wanted
        or (ip == LOOPBACK_6 and wanted == LOOPBACK_4)
        or (wanted.is_unspecified and not rule.guest_ip_must_be_zero)
    )


def _rule_ip(rule: PortForward) -> IP:
    """The address of a rule; validation has seen to it that it is one."""
    return parsed_ip(rule.guest_ip) or LOOPBACK_4


def host_address(rule: PortForward, guest_port: int) -> str:
    """Where the rule has a port of the guest appear."""
    if rule.host_socket:
        return rule.host_socket
    ip = parsed_ip(rule.host_ip) or LOOPBACK_4
    return str(Place(ip, guest_port + rule.host_port_range[0] - rule.guest_port_range[0]))


def silenced(rules: Sequence[PortForward]) -> Silence:
    """What the leading rules of the configuration silence, being such that ignore every port (spec/runtime.md 8.6)."""
    protocols: set[str] = set()
    lines = []
    for rule in rules[_BEFORE:-1]:
        if not (rule.ignore and rule.guest_port_range == _ALL):
            break
        match rule.proto:
            case "tcp":
                protocols.add("tcp")
                lines.append("TCP port forwarding is disabled (except for SSH)")
            case "udp":
                protocols.add("udp")
                lines.append("UDP port forwarding is disabled")
            case _:
                protocols.update(PROTOCOLS)
                lines.append("TCP (except for SSH) and UDP port forwarding is disabled")
    return Silence(frozenset(protocols), tuple(lines))
