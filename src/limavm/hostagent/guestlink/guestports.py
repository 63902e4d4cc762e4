"""What listens in the guest, as its agent tells it: checked, bounded, and kept up to date.

Pure. The agent is not trusted: at most 32,768 listeners are kept, and an entry that is no address is left out.
Differences may repeat what is known (the agent keeps its own state over a restart, spec/runtime.md 7.4), so
they are applied as sets are.
"""

import functools
import ipaddress
import itertools
from collections.abc import Callable, Iterable

from limavm.model.forward import Listener
from limavm.wire.guestservice_pb2 import Event, Info, IPPort

#: As many ports as there can be; more listeners than that say nothing about what a person runs.
MAX_LISTENERS = 32768
#: How much of one message is looked at: both kinds of ports, twice.
_LOOKED_AT = 4 * MAX_LISTENERS

_Key = tuple[str, str, int]
#: Told of a kind of nonsense, and of an example.
Complain = Callable[[str, object], None]


class GuestPorts:
    """The listeners of one guest."""

    def __init__(self, complain: Complain) -> None:
        self._complain = complain
        self._known: dict[_Key, Listener] = {}

    @property
    def listeners(self) -> frozenset[Listener]:
        """Everything that listens, as far as was told."""
        return frozenset(self._known.values())

    def replace(self, info: Info) -> bool:
        """Forget what was known, and know what `info` tells; returns whether that differs."""
        before, self._known = self._known, {}
        self._add(info.local_ports)
        return self._known != before

    def apply(self, event: Event) -> bool:
        """Add and remove what an event tells; returns whether anything changed.

        A port in both lists was opened again by somebody else, or closed after it was opened: the event does
        not tell, and Lima adds before it removes (spec/runtime.md 8.4).
        """
        before = dict(self._known)
        self._add(event.added_local_ports)
        for port in self._some(event.removed_local_ports):
            self._known.pop((port.protocol, port.ip, port.port), None)
        return self._known != before

    def clear(self) -> bool:
        """Know nothing; returns whether anything was known."""
        known, self._known = self._known, {}
        return bool(known)

    def _add(self, ports: Iterable[IPPort]) -> None:
        for port in self._some(ports):
            listener = self._checked(port)
            if listener is None:
                continue
            key = (listener.protocol, listener.ip, listener.port)
            if len(self._known) >= MAX_LISTENERS and key not in self._known:
                self._complain(f"the guest agent tells of more than {MAX_LISTENERS} listeners; the rest is ignored", "")
                return
            self._known[key] = listener

    def _some(self, ports: Iterable[IPPort]) -> Iterable[IPPort]:
        return itertools.islice(ports, _LOOKED_AT)

    def _checked(self, port: IPPort) -> Listener | None:
        if port.protocol not in ("tcp", "udp"):
            self._complain("the guest agent tells of a listener of a protocol that is not known", port.protocol)
        elif not 0 < port.port < 65536:
            self._complain("the guest agent tells of a listener on a port that cannot be", port.port)
        elif not _is_address(port.ip):
            self._complain("the guest agent tells of a listener on an address that is none", port.ip)
        else:
            return Listener(protocol=port.protocol, ip=port.ip, port=port.port, v6only=port.v6only)
        return None


@functools.lru_cache(maxsize=1024)
def _is_address(text: str) -> bool:
    """Whether it is an address as the kernel writes it; a zone, which has a free text, is none."""
    try:
        return "%" not in text and str(ipaddress.ip_address(text)) == _plain(text)
    except ValueError:
        return False


def _plain(text: str) -> str:
    """`::ffff:10.0.0.1` is how C writes what Python, until 3.13, writes as `::ffff:a00:1`."""
    return str(ipaddress.ip_address(text)) if text.lower().startswith("::") and "." in text else text
