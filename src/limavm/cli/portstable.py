"""How `limactl ports` shows what is forwarded: a table that fits the terminal, or JSON.

Nothing of it can drive the terminal: reasons and names of processes were written by others.
"""

import json
from collections.abc import Sequence

import msgspec

from limavm.cli.widetable import wide_table
from limavm.model.forward import PortStatus
from limavm.model.printable import printable

HEADS = ("PROTO", "GUEST", "HOST", "VIA", "STATE", "REASON")
_LAST_PORT = 65536


def ordered(ports: Sequence[PortStatus]) -> list[PortStatus]:
    """By the port of the guest; sockets come last."""

    def key(port: PortStatus) -> tuple[int, str, str, str, bool]:
        number = port.guest_addr.rpartition(":")[2].partition("-")[0]
        known = number.isascii() and number.isdigit() and not port.guest_addr.startswith("/")
        return int(number) if known else _LAST_PORT, port.protocol, port.guest_addr, port.host_addr, port.static

    return sorted(ports, key=key)


def table(ports: Sequence[PortStatus], width: int | None = None) -> str:
    """A line each, below a head; none is longer than `width`, if that is given."""
    return wide_table([HEADS, *(_cells(port) for port in ordered(ports))], width)


def _cells(port: PortStatus) -> tuple[str, ...]:
    via = (port.route.value if port.route else "") + " -R" * port.reverse  # as ssh's own flag says it
    held = f"; held by {port.holder}" if port.holder and port.holder not in port.reason else ""
    cells = (port.protocol, port.guest_addr, port.host_addr, via.strip(), port.state.value, port.reason + held)
    return tuple(map(printable, cells))


def json_lines(ports: Sequence[PortStatus]) -> str:
    """An object a line, in ASCII."""
    return "".join(_json(port) + "\n" for port in ordered(ports))


def json_list(ports: Sequence[PortStatus]) -> str:
    """All of them as one object on one line, for a stream of lists."""
    return _json({"ports": ordered(ports)}) + "\n"


def _json(value: object) -> str:
    return json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
