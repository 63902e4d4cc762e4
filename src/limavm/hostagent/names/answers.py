"""Who answers a question for a name: the configuration, the host's resolver, or a server beyond (spec/runtime.md 10.1).

Decided from data; nobody is asked here. An answer to an alias carries the name of the question and the addresses of
the target, no chain: the smallest resolvers of guests do not follow one.
"""

import ipaddress
from collections.abc import Mapping

from limavm.hostagent.names.message import (
    A_TYPE,
    AAAA_TYPE,
    ANY_TYPE,
    AXFR_TYPE,
    CNAME_TYPE,
    FORMERR,
    IN_CLASS,
    IXFR_TYPE,
    NOERROR,
    REFUSED,
    Name,
    Query,
)
from limavm.model.value import Value

HOST_NAME = "host.lima.internal"


class Addresses(Value, frozen=True, kw_only=True):
    """Answer with this address, or with none when it is of the other family."""

    address: str


class Alias(Value, frozen=True, kw_only=True):
    """Answer that the name stands for another one."""

    target: Name


class Empty(Value, frozen=True, kw_only=True):
    """Answer without records."""

    rcode: int


class LookUp(Value, frozen=True, kw_only=True):
    """Ask the host for the addresses of a name; what it does not know is forwarded as `Forward` says."""

    name: str
    v6: bool
    known: bool


class Forward(Value, frozen=True, kw_only=True):
    """Hand the message on as it is. A name that is `known` exists, whatever is said of it there."""

    known: bool


Decision = Addresses | Alias | Empty | LookUp | Forward


def hosts_of(configured: Mapping[str, str], hostname: str, *, gateway: str, guest: str) -> dict[str, str]:
    """The names of an instance: those of `hostResolver.hosts`, and two that are always there."""
    return {**configured, HOST_NAME: gateway, hostname: guest}


class StaticHosts:
    """Names of the configuration: each has an address, or stands for another name."""

    def __init__(self, hosts: Mapping[str, str]) -> None:
        self._addresses: dict[Name, str] = {}
        self._aliases: dict[Name, Name] = {}
        #: What cannot be a name in a question; the rest counts.
        self.flaws: list[str] = []
        for host, value in hosts.items():
            self._add(host, value)

    def _add(self, host: str, value: str) -> None:
        name = _parse(host)
        target = _parse(value)
        address = _address(value)
        if name is None or (address is None and target is None):
            self.flaws.append(f"hostResolver.hosts: {host!r} -> {value!r} is left out: a name is not valid")
        elif address is not None:
            self._addresses[name] = address
        elif target is not None:
            self._aliases[name] = target

    def target(self, name: Name) -> Name:
        """The end of the chain of aliases; of a chain that bites its tail, the name where that shows."""
        seen = set()
        while name not in seen and name in self._aliases:
            seen.add(name)
            name = self._aliases[name]
        return name

    def address(self, name: Name) -> str | None:
        """The address of a name that is no alias."""
        return self._addresses.get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._addresses or name in self._aliases


def decide(query: Query, hosts: StaticHosts, *, ipv6: bool) -> Decision:
    """Who answers a query."""
    if not query.is_question:
        return Forward(known=False)
    if not query.whole:
        return Empty(rcode=FORMERR)
    if query.kind in (AXFR_TYPE, IXFR_TYPE):  # an answer of many messages, and no zone is kept here
        return Empty(rcode=REFUSED)
    if query.klass != IN_CLASS:
        return Forward(known=False)
    name = lowered(query.name)
    if query.kind == AAAA_TYPE and not ipv6:
        return Empty(rcode=NOERROR)
    if query.kind in (A_TYPE, AAAA_TYPE):
        return _addresses(name, hosts, v6=query.kind == AAAA_TYPE)
    if query.kind in (CNAME_TYPE, ANY_TYPE) and name in hosts:
        return _what_is_known(name, hosts, query.kind)
    return Forward(known=name in hosts)


def _addresses(name: Name, hosts: StaticHosts, *, v6: bool) -> Decision:
    target = hosts.target(name)
    if address := hosts.address(target):
        return Addresses(address=address)
    # Labels may hold any byte; the host's resolver takes names as people write them.
    if target and all(_is_plain(label) for label in target):
        return LookUp(name=b".".join(target).decode("ascii"), v6=v6, known=name in hosts)
    return Forward(known=name in hosts)


def _what_is_known(name: Name, hosts: StaticHosts, kind: int) -> Decision:
    target = hosts.target(name)
    address = hosts.address(target)
    if address and kind == ANY_TYPE:
        return Addresses(address=address)
    return Alias(target=target) if target != name else Empty(rcode=NOERROR)


def lowered(name: Name) -> Name:
    """The name as names are compared."""
    return tuple(label.lower() for label in name)


def _is_plain(label: bytes) -> bool:
    return all(byte in _PLAIN for byte in label)


_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")


def _address(value: str) -> str | None:
    try:
        address = ipaddress.ip_address(value.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def _parse(text: str) -> Name | None:
    """The name in a text, None when it is none."""
    try:
        labels = text.removesuffix(".").lower().encode("ascii").split(b".")
    except UnicodeEncodeError:
        try:
            labels = text.removesuffix(".").encode("idna").lower().split(b".")
        except UnicodeError:
            return None
    fits = all(0 < len(label) < 64 for label in labels) and sum(len(label) + 1 for label in labels) < 255
    return tuple(labels) if fits else None
