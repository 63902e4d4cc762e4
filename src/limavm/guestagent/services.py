"""What `kubectl get service --watch --output-watch-events --output json` prints: JSON objects in, ports out.

Pure, and bounded in everything: the objects come from whoever may make a service in the cluster.
"""

import json
import re
from collections.abc import Iterator

from limavm.guestagent.ports import Port

#: Larger than etcd lets any object be.
MAX_OBJECT = 2 << 20
MAX_SERVICES = 16384
MAX_PORTS = 32768
_MAX_NAME = 512
_PROTOCOLS = {"TCP": "tcp", "UDP": "udp"}
#: Which number of a service's port the node answers on.
_NUMBERS = {"NodePort": "nodePort", "LoadBalancer": "port"}

_STRUCTURE = re.compile(rb'["{}]')
_STRING = re.compile(rb'["\\]')


class TooLongError(Exception):
    """An object is longer than any service can be."""


class Objects:
    """Cuts a stream of bytes into JSON objects, with or without line breaks between or in them."""

    def __init__(self, limit: int = MAX_OBJECT) -> None:
        self._limit = limit
        self._data = bytearray()
        self._position = 0
        self._depth = 0
        self._quoted = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The objects that `data` completes, as text; raises TooLongError, after which it cannot be used."""
        self._data += data
        while self._advance():
            if not self._depth:
                yield bytes(self._data[: self._position])
                self._drop()
        if not self._depth:
            self._drop()  # what stands between objects
        if len(self._data) > self._limit:
            raise TooLongError(f"an object of more than {self._limit} bytes")

    def _drop(self) -> None:
        del self._data[: self._position]
        self._position = 0

    def _advance(self) -> bool:
        """Go on to the next brace that opens or closes an object; False when there is none yet."""
        while found := (_STRING if self._quoted else _STRUCTURE).search(self._data, self._position):
            self._position = found.end()
            mark = found.group()
            if mark == b"\\":
                if self._position == len(self._data):  # what is escaped has not come yet
                    self._position -= 1
                    return False
                self._position += 1
            elif mark == b'"':
                # Outside of objects a quotation mark means nothing.
                self._quoted = not self._quoted and self._depth > 0
            elif mark == b"{":
                if not self._depth:
                    self._position -= 1
                    self._drop()
                    self._position = 1
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                return True
        self._position = len(self._data)
        return False


class Known:
    """The services that were told, and their ports."""

    def __init__(self) -> None:
        self._services: dict[str, frozenset[Port]] = {}
        self._count = 0

    def ports(self) -> frozenset[Port]:
        """The ports of all of them."""
        return frozenset().union(*self._services.values())

    def tell(self, text: bytes) -> None:
        """One event; raises ValueError if it makes no sense."""
        try:
            event = json.loads(text, parse_int=_integer)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if not isinstance(event, dict):
            raise ValueError("not an event")
        kind, service = event.get("type"), event.get("object")
        if kind not in ("ADDED", "MODIFIED", "DELETED"):
            return
        if not isinstance(service, dict):
            raise ValueError("an event about nothing")
        name = _name(service)
        ports = _ports(service) if kind != "DELETED" else frozenset()
        self._count -= len(self._services.pop(name, ()))
        if not ports:
            return
        if len(self._services) >= MAX_SERVICES or self._count + len(ports) > MAX_PORTS:
            raise ValueError("more services than any cluster has")
        self._services[name] = ports
        self._count += len(ports)


def _integer(digits: str) -> int:
    """Python 3.10 may take minutes for a number of a million digits; no port has more than five."""
    return int(digits) if len(digits) < 20 else 0


def _name(service: dict[str, object]) -> str:
    metadata = service.get("metadata")
    if not isinstance(metadata, dict):
        raise ValueError("an object without metadata")
    namespace, name = metadata.get("namespace", ""), metadata.get("name")
    if not isinstance(name, str) or not isinstance(namespace, str) or len(name) + len(namespace) > _MAX_NAME:
        raise ValueError("an object without a proper name")
    return f"{namespace}/{name}"


def _ports(service: dict[str, object]) -> frozenset[Port]:
    """The ports that the node answers on; none for other kinds of services."""
    spec = service.get("spec")
    kind = spec.get("type") if isinstance(spec, dict) else None
    entries = spec.get("ports") if isinstance(spec, dict) else None
    if not isinstance(kind, str) or kind not in _NUMBERS or not isinstance(entries, list):
        return frozenset()
    return frozenset(port for entry in entries if (port := _port(entry, _NUMBERS[kind])))


def _port(entry: object, key: str) -> Port | None:
    if not isinstance(entry, dict):
        return None
    protocol, number = entry.get("protocol", "TCP"), entry.get(key)
    if not isinstance(protocol, str) or protocol not in _PROTOCOLS:
        return None  # SCTP
    if type(number) is not int or not 0 < number < 65536:
        return None
    return Port(_PROTOCOLS[protocol], "0.0.0.0", number)  # noqa: S104 - told, and not bound
