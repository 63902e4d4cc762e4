"""What is wrong with `portForwards` and `copyToHost` (spec/config.md 7.3)."""

import ntpath
import posixpath
from collections.abc import Sequence

from limavm.config.errors import Path
from limavm.config.flaw import Flaws
from limavm.config.ports import check_port
from limavm.model.config import CopyToHost, PortForward
from limavm.model.forward import MOST_STATIC_PORTS
from limavm.model.host import HostFacts

_PROTOCOLS = ("tcp", "udp", "any")
_ZERO = "0.0.0.0"  # noqa: S104 - an address to compare with
_PORTS_WORTH_A_WARNING = 10


def check_forwards(rules: Sequence[PortForward], facts: HostFacts, flaws: Flaws) -> None:
    """Note what is wrong with the rules, one by one; they may overlap."""
    for index, rule in enumerate(rules):
        path: Path = ("portForwards", index)
        _check_addresses(rule, flaws, path)
        _check_ranges(rule, flaws, path)
        _check_sockets(rule, facts, flaws, path)
        fine = rule.proto in _PROTOCOLS
        flaws.unless(fine, f"must be one of {', '.join(_PROTOCOLS)}, not {rule.proto!r}", *path, "proto")
        if rule.reverse:
            for name, socket in (("guestSocket", rule.guest_socket), ("hostSocket", rule.host_socket)):
                flaws.unless(bool(socket), f"needs a {name}", *path, "reverse")


def _check_addresses(rule: PortForward, flaws: Flaws, path: Path) -> None:
    if rule.guest_ip_must_be_zero and rule.guest_ip != _ZERO:
        flaws.add(f"is for guestIP 0.0.0.0, not {rule.guest_ip}", *path, "guestIPMustBeZero")
    for name, port, first, socket in (
        ("guest", rule.guest_port, rule.guest_port_range[0], rule.guest_socket),
        ("host", rule.host_port, rule.host_port_range[0], rule.host_socket),
    ):
        if port and socket:
            flaws.add(f"cannot stand together with {name}Socket", *path, f"{name}Port")
        elif port and port != first:
            flaws.add(f"must be the first port of {name}PortRange", *path, f"{name}Port")


def _check_ranges(rule: PortForward, flaws: Flaws, path: Path) -> None:
    ranges = [("guestPort", rule.guest_port, rule.guest_port_range)]
    if not rule.host_socket:
        ranges.append(("hostPort", rule.host_port, rule.host_port_range))
    for name, port, (first, last) in ranges:
        key = name if port else f"{name}Range"
        check_port(first, flaws, *path, key)
        if last != first:
            check_port(last, flaws, *path, key)
        flaws.unless(last >= first, f"the range {first}-{last} ends before it begins", *path, key)
    first, last = rule.host_port_range
    if rule.host_socket and last < first:
        flaws.add(f"the range {first}-{last} ends before it begins", *path, "hostPortRange")


def _check_sockets(rule: PortForward, facts: HostFacts, flaws: Flaws, path: Path) -> None:
    guest_ports = _length(rule.guest_port_range)
    host_ports = _length(rule.host_port_range)
    if rule.guest_socket:
        fine = rule.guest_socket.startswith("/")
        flaws.unless(fine, f"must be absolute, not {rule.guest_socket!r}", *path, "guestSocket")
    if rule.host_socket:
        _check_host_socket(rule.host_socket, facts, flaws, path)
        if not rule.guest_socket and guest_ports > 1:
            flaws.add("one socket cannot stand for several guest ports", *path, "hostSocket")
    elif rule.guest_socket:
        if host_ports > 1:
            flaws.add(
                "one socket cannot stand for several host ports; give hostPort or hostSocket", *path, "guestSocket"
            )
    elif guest_ports != host_ports:
        flaws.add(f"has {host_ports} ports for {guest_ports} of the guest", *path, "hostPortRange")


def _check_host_socket(socket: str, facts: HostFacts, flaws: Flaws, path: Path) -> None:
    fine = (ntpath if facts.os == "windows" else posixpath).isabs(socket)
    flaws.unless(fine, f"must be absolute, not {socket!r}", *path, "hostSocket")
    limit = 108 if facts.os in ("linux", "windows") else 104
    length = len(socket.encode(errors="surrogateescape"))
    flaws.unless(length < limit, f"is {length} bytes long, sockets may have {limit - 1}", *path, "hostSocket")


def _length(ports: tuple[int, int]) -> int:
    return ports[1] - ports[0] + 1


def warn_of_forwards(rules: Sequence[PortForward], flaws: Flaws, *, plain: bool) -> None:
    """Note rules that are allowed, and do something else than one might think."""
    for index, rule in enumerate(rules):
        path: Path = ("portForwards", index)
        count = _length(rule.guest_port_range)
        if rule.ignore or rule.guest_socket:
            continue
        if rule.static and count > MOST_STATIC_PORTS:
            words = f"has {count} ports, and at most {MOST_STATIC_PORTS} of a rule are static"
            flaws.add(f"{words}: they are forwarded when something listens", *path, "static")
        elif rule.static and count > _PORTS_WORTH_A_WARNING:
            flaws.add(f"forwards {count} ports, all at start", *path)
        if rule.proto == "udp" and rule.host_socket:
            flaws.add("UDP cannot go to a socket", *path, "hostSocket")
        elif rule.proto == "udp" and plain and not (rule.guest_ip == _ZERO and rule.guest_ip_must_be_zero):
            words = "plain mode forwards UDP to what listens on all addresses only"
            flaws.add(f"{words}; give guestIP: 0.0.0.0", *path, "proto")


def check_copies(copies: Sequence[CopyToHost], facts: HostFacts, flaws: Flaws) -> None:
    """Note what is wrong with `copyToHost`."""
    host_path = ntpath if facts.os == "windows" else posixpath
    for index, copy in enumerate(copies):
        for name, text, path in (("guest", copy.guest, posixpath), ("host", copy.host, host_path)):
            if text:
                flaws.unless(path.isabs(text), f"must be absolute, not {text!r}", "copyToHost", index, name)
