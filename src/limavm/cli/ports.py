"""`limactl ports`: what is forwarded from an instance to the host, and why something is not."""

import os
import sys
from collections.abc import Iterable, Sequence

from limavm.cli import instances, logs, portstable
from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.main import INTERRUPTED
from limavm.cli.reader import ended_with_reader
from limavm.cli.session import Session, output_is_terminal
from limavm.model.forward import PortStatus

#: Go to the begin of the line so many lines up, and clear all from there.
_UP = "\x1b[{}F\x1b[J"


def _ports(_session: Session, names: list[str], *, json: bool, watch: bool) -> int:
    from limavm.instance import ports

    name = instances.one_name(names)
    if not watch:
        found = ports.ports(name)
        sys.stdout.write(portstable.json_lines(found) if json else portstable.table(found, _size()[0]))
        return 0
    lists = ports.watch(name)
    try:
        with ended_with_reader():
            if json:
                _write_each(map(portstable.json_list, lists))
            elif output_is_terminal():
                _redraw(lists)
            else:
                _write_each(portstable.table(found) + "\n" for found in lists)
    except KeyboardInterrupt:  # the way to end it, so nothing is said about it
        return INTERRUPTED
    logs.info(f"The instance {name!r} has stopped")
    return 0


def _write_each(texts: Iterable[str]) -> None:
    for text in texts:
        sys.stdout.write(text)
        sys.stdout.flush()


def _redraw(lists: Iterable[Sequence[PortStatus]]) -> None:
    """Draw each table in the place of the last one."""
    drawn = 0
    for found in lists:
        lines = screenful(found, *_size())
        sys.stdout.write((_UP.format(drawn) if drawn else "") + "".join(lines))
        sys.stdout.flush()
        drawn = len(lines)


def screenful(ports: Sequence[PortStatus], width: int | None, height: int | None) -> list[str]:
    """The lines of the table that a terminal has room for, so that none of them leaves it at the top."""
    lines = portstable.table(ports, width).splitlines(keepends=True)
    room = max((height or len(lines) + 1) - 1, 2)
    if len(lines) <= room:
        return lines
    more = f"and {len(lines) - room + 1} more"
    return [*lines[: room - 1], more[:width] + "\n"]


def _size() -> tuple[int | None, int | None]:
    """Columns and lines of the terminal; None where output goes elsewhere."""
    if not output_is_terminal():
        return None, None
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return None, None
    return size.columns or None, size.lines or None


COMMAND = Command(
    "ports",
    _ports,
    usage="[INSTANCE]",
    most=1,
    help="""Show which ports of an instance appear on the host.

Everything that listens in the guest is shown, and every static rule and socket
of portForwards: its address in the guest and on the host, and the way that the
bytes take (hostfwd: the hypervisor; ssh; grpc: the guest agent).

The state is forwarded, pending (what it needs is not connected yet), failed
(tried again until it works) or ignored. The reason names the rule that decided,
or who holds the port of the host.""",
    flags=[
        BoolFlag(["--json"], help='As JSON: an object a line; with --watch a line {"ports":[...]} for each list'),
        BoolFlag(["--watch"], help="Show the list again at each change, until Ctrl-C"),
    ],
    examples="limactl ports\nlimactl ports dev --watch\nlimactl ports dev --json",
)
