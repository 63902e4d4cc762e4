"""The servers that the host itself asks: `/etc/resolv.conf`, and what takes its place (resolv.conf(5))."""

import ipaddress
import logging
from typing import NamedTuple

from limavm.hostagent.names.freshfile import FreshFile

log = logging.getLogger(__name__)

RESOLV_CONF = "/etc/resolv.conf"
_PORT = 53
#: Of a list that names more, nobody waits for the rest.
_MOST = 8


class Server(NamedTuple):
    """A name server; an IPv6 host may end in `%` and the zone of a link-local address."""

    host: str
    port: int = _PORT


#: As Lima's, for a host that names no server.
PUBLIC_SERVERS = (Server("8.8.8.8"), Server("1.1.1.1"))


def parse_servers(text: str) -> tuple[Server, ...]:
    """The servers of a text in the format of resolv.conf, in its order; what is no address is passed over."""
    found: dict[Server, None] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].partition(";")[0].split()
        if len(words) >= 2 and words[0] == "nameserver" and _is_address(words[1]):
            found[Server(words[1])] = None
    return tuple(found)[:_MOST]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class SystemServers:
    """The servers of this host, as they are at each call; changes are logged."""

    def __init__(self, path: str = RESOLV_CONF) -> None:
        self._file = FreshFile(path, parse_servers)
        self._told: tuple[Server, ...] | None = None

    def __call__(self) -> tuple[Server, ...]:
        """The servers to ask, best first; never empty."""
        servers = self._file.value()
        if servers != self._told:
            self._told = servers
            if servers:
                log.info("Questions that the host cannot answer go to %s", ", ".join(server.host for server in servers))
            else:
                names = ", ".join(server.host for server in PUBLIC_SERVERS)
                log.warning("%s names no server; what the host cannot answer goes to %s", self._file.path, names)
        return servers or PUBLIC_SERVERS
