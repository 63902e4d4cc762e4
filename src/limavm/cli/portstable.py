"""How `limactl ports` shows what is forwarded: a table that fits the terminal, or JSON.

Nothing of it can drive the terminal: reasons and names of processes were written by others.
"""

import json
from collections.abc import Sequence

import msgspec

from limavm.cli import output
from limavm.model.forward import PortStatus
from limavm.model.printable import printable

HEADS = ("PROTO", "GUEST", "HOST", "VIA", "STATE", "REASON")
#: Blanks between columns where the terminal is too narrow for those that other tables have.
_GAP = 2
#: What a reason and an address keep there: most IPv4 addresses are shown whole.
_LEAST_REASON = 16
_LEAST_ADDRESS = 14
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
    rows = [HEADS, *(_cells(port) for port in ordered(ports))]
    text = output.table(rows)
    if width is None or max(map(len, text.splitlines())) <= width:
        return text
    lines = output.table(_fitted(rows, width), gap=_GAP).splitlines()
    return "".join(line[:width].rstrip() + "\n" for line in lines)


def _cells(port: PortStatus) -> tuple[str, ...]:
    via = (port.route.value if port.route else "") + " -R" * port.reverse  # as ssh's own flag says it
    held = f"; held by {port.holder}" if port.holder and port.holder not in port.reason else ""
    cells = (port.protocol, port.guest_addr, port.host_addr, via.strip(), port.state.value, port.reason + held)
    return tuple(map(printable, cells))


def _fitted(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """The rows with reasons shortened, and then addresses, as far as the width asks for it."""
    protocol, guest, host, via, state, reason = (max(map(len, column)) for column in zip(*rows, strict=True))
    room = width - 5 * _GAP - protocol - via - state
    reason = min(reason, max(room - guest - host, _LEAST_REASON))
    room = max(room - reason, 2 * _LEAST_ADDRESS)
    # The longer one gives way first.
    guest_room = max(room // 2, room - host)
    host_room = max(room // 2, room - guest)
    return [
        [one[0], _end_of(one[1], guest_room), _end_of(one[2], host_room), one[3], one[4], _begin_of(one[5], reason)]
        for one in rows
    ]


def _begin_of(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _end_of(text: str, room: int) -> str:
    """The end of an address: that of a path tells most."""
    return text if len(text) <= room else "…" + text[len(text) - room + 1 :]


def json_lines(ports: Sequence[PortStatus]) -> str:
    """An object a line, in ASCII."""
    return "".join(_json(port) + "\n" for port in ordered(ports))


def json_list(ports: Sequence[PortStatus]) -> str:
    """All of them as one object on one line, for a stream of lists."""
    return _json({"ports": ordered(ports)}) + "\n"


def _json(value: object) -> str:
    return json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
