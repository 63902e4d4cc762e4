"""The proxy variables of the guest (spec/runtime.md 6.5).

Pure: which names of hosts mean the host itself was found out before (`SeedFacts.loopback_hosts`).
"""

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

PROXY_NAMES = ("ftp_proxy", "http_proxy", "https_proxy", "no_proxy")
#: Both spellings; lower case first, because it wins.
PROXY_VARIABLES = tuple(spelled for name in PROXY_NAMES for spelled in (name, name.upper()))
_NO_PROXY = "no_proxy"


def overlaid(*sources: Mapping[str, str]) -> dict[str, str]:
    """The variables of several sources, the later over the earlier; an empty value removes that spelling."""
    found: dict[str, str] = {}
    for source in sources:
        found |= {name: source[name] for name in PROXY_VARIABLES if name in source}
    return {name: value for name, value in found.items() if value}


def guest_proxies(variables: Mapping[str, str], gateway: str, loopback_hosts: Collection[str] = ()) -> dict[str, str]:
    """The variables as the guest needs them: both spellings, and the host's loopback reached through the gateway."""
    proxies: dict[str, str] = {}
    for name in PROXY_NAMES:
        if value := variables.get(name) or variables.get(name.upper()):
            value = value if name == _NO_PROXY else reachable_proxy(value, gateway, loopback_hosts)
            proxies |= {name: value, name.upper(): value}
    return proxies


def proxy_hosts(variables: Mapping[str, str]) -> set[str]:
    """The names, not the addresses, of the hosts of proxies: whether they mean the loopback is to be found out."""
    found = (_parsed(value) for _, value in _urls(variables))
    hosts = {parts.hostname for parts in found if parts and parts.hostname}
    return {host for host in hosts if _loopback(host) is None}


def odd_proxies(variables: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each proxy that is not a URL with a host: it reaches the guest as it is."""
    for name, value in _urls(variables):
        parts = _parsed(value)
        if not (parts and parts.hostname):
            # The value may hold a password.
            yield f"the value of {name} is not a URL with a host; the guest gets it as it is"


def _urls(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in variables.items() if name.lower() != _NO_PROXY)


def reachable_proxy(url: str, gateway: str, loopback_hosts: Collection[str] = ()) -> str:
    """The proxy URL as the guest reaches it: a loopback host becomes the gateway; others are kept."""
    parts = _parsed(url)
    host = parts.hostname if parts else None
    if not parts or not host or not (_loopback(host) or host in loopback_hosts):
        return url
    login, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=login + at + gateway + (f":{parts.port}" if parts.port is not None else "")).geturl()


def _parsed(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is no number
    except ValueError:
        return None
    return parts


def _loopback(host: str) -> bool | None:
    """Whether a host is on the loopback; None when its name does not tell."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return True if host == "localhost" or host.endswith(".localhost") else None
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
