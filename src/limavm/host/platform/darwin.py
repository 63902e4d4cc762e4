"""Facts of a macOS host. Written from the documentation; not run on real hardware yet."""

import ipaddress
import re

from limavm.host.platform.posix import memory as memory
from limavm.host.platform.posix import timezone as timezone


def machine_id() -> str:
    """IOPlatformUUID, empty when ioreg does not tell."""
    from limavm.host.process import run

    return parse_platform_uuid(run(["ioreg", "-rd1", "-c", "IOPlatformExpertDevice"]).decode(errors="replace"))


def parse_platform_uuid(text: str) -> str:
    """The value of IOPlatformUUID in the output of ioreg."""
    match = re.search(r'"IOPlatformUUID"\s*=\s*"([^"]+)"', text)
    return match[1] if match else ""


def proxies() -> dict[str, str]:
    """The proxies of the system settings, as variables."""
    from limavm.host.process import run

    return parse_proxies(run(["/usr/sbin/scutil", "--proxy"]).decode(errors="replace"))


def name_servers() -> tuple[str, ...]:
    """The name servers that programs of this host ask."""
    from limavm.host.process import run

    return parse_name_servers(run(["/usr/sbin/scutil", "--dns"]).decode(errors="replace"))


def parse_proxies(text: str) -> dict[str, str]:
    """Variables from the output of `scutil --proxy`.

    No `no_proxy`: the exceptions there (`*.local`, `169.254/16`) are not in a form that programs understand. No
    proxy that wants a login: its password is in the keychain.
    """
    settings: dict[str, str] = {}
    depth = 0
    for line in text.splitlines():
        words = line.strip().split(" : ", 1)
        # What is nested belongs to one interface, or is a list.
        if depth == 1 and len(words) == 2 and not words[1].endswith("{"):
            settings[words[0]] = words[1]
        depth += line.rstrip().endswith("{") - (line.strip() == "}")
    found = {}
    for kind in ("FTP", "HTTP", "HTTPS"):
        host = settings.get(f"{kind}Proxy")
        if settings.get(f"{kind}Enable") == "1" and host and not settings.get(f"{kind}User"):
            found[f"{kind.lower()}_proxy"] = _proxy_url(host, settings.get(f"{kind}Port", ""))
    return found


def _proxy_url(host: str, port: str) -> str:
    suffix = f":{port}" if port not in ("", "0") else ""
    if "://" in host:
        return host + suffix
    return f"http://[{host}]{suffix}" if ":" in host else f"http://{host}{suffix}"


def parse_name_servers(text: str) -> tuple[str, ...]:
    """The servers of the first resolver in the output of `scutil --dns`, the one for all names.

    Left out is what a guest cannot reach: servers on the host's loopback, and link-local ones.
    """
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("resolver #"):
            if found:
                break
            inside = True
        elif inside and (match := re.match(r"\s*nameserver\[\d+\] : (\S+)$", line)):
            found += [match[1]] if _is_reachable(match[1]) else []
        elif line.startswith("DNS configuration (for scoped queries)"):
            break
    return tuple(found)


def _is_reachable(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return not (address.is_loopback or address.is_link_local)
