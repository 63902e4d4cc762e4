"""The whole picture: what becomes of all that listens in the guest, and of the rules that need no listener.

No two forwards want the same place on the host: static rules and sockets come first, in the order of
the rules; then what is forwarded already, so that a newcomer takes nothing away; then the others in the
order of their ports and addresses. What an existing forward reaches anyway shares it.
"""

from collections.abc import Collection, Mapping, Sequence

from limavm.hostagent.forwarding.portrules.addresses import LOOPBACK_4, LOOPBACK_6, Place, parsed_ip, parsed_place
from limavm.hostagent.forwarding.portrules.matching import Decision, decide
from limavm.hostagent.forwarding.portrules.routes import Abilities, route, why_none
from limavm.hostagent.forwarding.portrules.standing import UNIX, Outcome, standing_outcomes
from limavm.model.config import PortForward
from limavm.model.forward import Forward, Listener
from limavm.model.value import Value


class Policy(Value, frozen=True, kw_only=True):
    """What decides about forwards: the effective rules, and what can be done."""

    rules: tuple[PortForward, ...]
    abilities: Abilities


def outcomes(listeners: Collection[Listener], policy: Policy, held: Collection[Forward] = ()) -> list[Outcome]:
    """What becomes of the static rules, the sockets and the listeners; `held` are the forwards that are open."""
    claims = _Claims()
    found = [claims.granted(outcome) for outcome in standing_outcomes(policy.rules, policy.abilities)]
    decided = [(listener, decide(listener, policy.rules)) for listener in sorted(listeners, key=_order)]
    present = {(listener.protocol, listener.port, listener.ip): listener for listener in listeners}
    keepers = {(forward.protocol, forward.host): forward for forward in held}

    def is_new(pair: tuple[Listener, Decision]) -> bool:
        listener, decision = pair
        keeper = keepers.get((listener.protocol, decision.host))
        return keeper is None or not _stands_for(keeper, listener)

    # `sorted` is stable, so that within both kinds the order of the addresses stays.
    ranked = sorted(range(len(decided)), key=lambda index: is_new(decided[index]))
    results = {index: _outcome(*decided[index], policy.abilities, claims, present) for index in ranked}
    return found + [results[index] for index in range(len(decided))]


def static_forwards(rules: Sequence[PortForward], abilities: Abilities) -> list[Forward]:
    """The forwards of the static rules, sockets among them."""
    policy = Policy(rules=tuple(rules), abilities=abilities)
    return [one.forward for one in outcomes((), policy) if one.forward and one.forward.static]


def socket_forwards(rules: Sequence[PortForward], abilities: Abilities) -> list[Forward]:
    """The forwards of sockets of the guest that are not static."""
    policy = Policy(rules=tuple(rules), abilities=abilities)
    return [one.forward for one in outcomes((), policy) if one.forward and not one.forward.static]


def _order(listener: Listener) -> tuple[str, int, int, bool, str]:
    """Wildcards before loopbacks before other addresses, IPv4 before IPv6."""
    ip = parsed_ip(listener.ip)
    if ip is None:
        kind = 4
    elif ip.is_unspecified:
        kind = 0
    else:
        kind = 1 if ip in (LOOPBACK_4, LOOPBACK_6) else 2
    return listener.protocol, listener.port, kind, ":" in listener.ip, f"{listener.ip} {listener.v6only}"


#: Listeners by protocol, port and address.
_Present = Mapping[tuple[str, int, str], Listener]
_TWINS = {"::": "0.0.0.0", "0.0.0.0": "::", "::1": "127.0.0.1", "127.0.0.1": "::1"}  # noqa: S104 - to compare with


def _outcome(
    listener: Listener, decision: Decision, abilities: Abilities, claims: "_Claims", present: _Present
) -> Outcome:
    protocol, guest, host = listener.protocol, decision.guest, decision.host
    if not decision.forwarded:
        return Outcome(protocol=protocol, guest=guest, reason=decision.reason, quiet=decision.quiet)
    owner = claims.owner(protocol, host)
    if owner and owner.forward and owner.forward.host == host and _serves(owner.forward, listener, present):
        reason = owner.reason if owner.forward.static else f"it shares the forward of {owner.guest}"
        return Outcome(protocol=protocol, guest=guest, host=host, forward=owner.forward, reason=reason)
    way = route(protocol, guest, host, abilities, v6only=listener.v6only)
    if way is None:
        return Outcome(protocol=protocol, guest=guest, host=host, reason=why_none(protocol, guest, host, abilities))
    forward = Forward(protocol=protocol, guest=guest, host=host, route=way)
    return claims.granted(Outcome(protocol=protocol, guest=guest, host=host, forward=forward, reason=decision.reason))


def _serves(forward: Forward, listener: Listener, present: _Present) -> bool:
    """Whether the forward stands for the listener, or for a twin of it that listens as well."""
    twin = present.get((listener.protocol, listener.port, _TWINS.get(listener.ip, "")))
    return _stands_for(forward, listener) or (twin is not None and _stands_for(forward, twin))


def _stands_for(forward: Forward, listener: Listener) -> bool:
    """Whether who talks to the forward talks to the listener, or to a twin of it.

    A server that opens a port for IPv4 and IPv6 apart has two listeners, on both wildcards or both
    loopbacks, and means one service.
    """
    inside, ip = parsed_place(forward.guest), parsed_ip(listener.ip)
    if inside is None or ip is None or (forward.protocol, inside.port) != (listener.protocol, listener.port):
        return False
    if inside.ip == ip:
        return True
    if forward.static:  # nothing is known to listen there: only what it really reaches counts
        return ip.is_unspecified and (ip.version == inside.ip.version or (ip.version == 6 and not listener.v6only))
    return (inside.ip.is_unspecified and ip.is_unspecified) or {inside.ip, ip} == {LOOPBACK_4, LOOPBACK_6}


class _Claims:
    """Who has which place: the ports of the host, and paths on both sides."""

    def __init__(self) -> None:
        self._ports: dict[tuple[str, int, int], list[tuple[Place, Outcome]]] = {}
        self._paths: dict[tuple[bool, str], Outcome] = {}

    def owner(self, protocol: str, host: str, *, in_guest: bool = False) -> Outcome | None:
        """Who has the place, or one that overlaps with it because either is on all addresses."""
        place = parsed_place(host)
        if place is None:
            return self._paths.get((in_guest, host))
        for taken, outcome in self._ports.get(_port_key(protocol, place), ()):
            if taken.ip == place.ip or taken.ip.is_unspecified or place.ip.is_unspecified:
                return outcome
        return None

    def granted(self, outcome: Outcome) -> Outcome:
        """The outcome if its place was free, and has now been taken; else one that says who has it."""
        forward = outcome.forward
        if forward is None:
            return outcome
        listening = forward.guest if forward.reverse else forward.host
        owner = self.owner(forward.protocol, listening, in_guest=forward.reverse)
        if owner is not None:
            reason = f"{listening} of the {'guest' if forward.reverse else 'host'} belongs to {_named(owner)}"
            return Outcome(protocol=outcome.protocol, guest=outcome.guest, host=outcome.host, reason=reason)
        place = parsed_place(listening)
        if place is None:
            self._paths[forward.reverse, listening] = outcome
        else:
            self._ports.setdefault(_port_key(forward.protocol, place), []).append((place, outcome))
        return outcome


def _named(owner: Outcome) -> str:
    static = owner.forward is not None and owner.forward.static
    return f"the static forward of {owner.guest}" if static else f"the forward of {owner.guest}"


def _port_key(protocol: str, place: Place) -> tuple[str, int, int]:
    return "tcp" if protocol == UNIX else protocol, place.ip.version, place.port
