"""What is told about listeners, and what was told: differences, messages, and the file that outlives a stream."""

import json
import logging
import os
import time
from collections.abc import Collection, Iterator

from limavm.guestagent.ports import Port
from limavm.wire.messages import Event

log = logging.getLogger(__name__)

#: Ports in one event; an emulated guest makes some thousand a second, while everything else waits.
_IN_ONE = 500
_LONGEST_FILE = 64 << 20


def differences(added: Collection[Port], removed: Collection[Port], errors: list[str]) -> Iterator[Event]:
    """The events that tell a change, each of a bounded size.

    A port that comes anew with another `v6only` is removed by an event of its own: within one, a host takes
    additions first.
    """
    keys = {port[:3] for port in added}
    again = [port for port in removed if port[:3] in keys]
    gone = sorted(set(removed).difference(again))
    new = sorted(added)
    for start in range(0, len(again), _IN_ONE):
        yield event([], sorted(again)[start : start + _IN_ONE], [])
    for start in range(0, max(len(new), len(gone), bool(errors)), _IN_ONE):
        yield event(new[start : start + _IN_ONE], gone[start : start + _IN_ONE], errors if not start else [])


def event(added: list[Port], removed: list[Port], errors: list[str]) -> Event:
    """One event of now."""
    message = Event(errors=errors)
    message.time.seconds, message.time.nanos = divmod(time.time_ns(), 1_000_000_000)
    for ports, field in ((added, message.added_local_ports), (removed, message.removed_local_ports)):
        for port in ports:
            field.add(protocol=port.protocol, ip=port.ip, port=port.port, v6only=port.v6only)
    return message


class State:
    """The file of what was told last; `{"ports": [{"protocol", "ip", "port"}…]}` as Lima's agent writes it."""

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, "event-state.json")

    def load(self) -> frozenset[Port]:
        """What was told; nothing when there is no file, or none that can be understood."""
        try:
            with open(self._path, "rb") as file:
                document = json.loads(file.read(_LONGEST_FILE))
            return frozenset(map(_port, document["ports"]))
        except FileNotFoundError:
            return frozenset()
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            log.warning("%s is ignored: %s", self._path, str(error)[:200])
            return frozenset()

    def store(self, ports: frozenset[Port]) -> None:
        """Write it beside, and rename it."""
        rows = [
            {"protocol": port.protocol, "ip": port.ip, "port": port.port} | ({"v6only": True} if port.v6only else {})
            for port in sorted(ports)
        ]
        beside = f"{self._path}.new"
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open(beside, "w", encoding="ascii") as file:
                json.dump({"ports": rows}, file)
            os.replace(beside, self._path)
        except OSError as error:
            log.warning("what was told cannot be kept: %s", error)


def _port(row: dict[str, object]) -> Port:
    protocol, ip, port, v6only = row["protocol"], row["ip"], row["port"], row.get("v6only", False)
    if not (isinstance(protocol, str) and isinstance(ip, str) and isinstance(port, int) and isinstance(v6only, bool)):
        raise ValueError("an entry is no port")
    return Port(protocol, ip, port, v6only)
