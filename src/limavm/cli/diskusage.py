"""`limactl disk-usage`: what instances, data disks and the cache occupy. Lima has no such command."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from limavm.cli import logs, output
from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session
from limavm.errors import UserError
from limavm.model.size import format_size

if TYPE_CHECKING:
    from limavm.instance.occupied import Item, Usage

_HEADS = ("KIND", "NAME", "OCCUPIED", "SHARED", "OWN")


def _disk_usage(_session: Session, names: list[str], *, json: bool) -> None:
    from limavm.instance.occupied import usage

    found = usage(names or None)
    known = {item.name for item in found.items}
    missing = [name for name in dict.fromkeys(names) if name not in known]
    for name in missing:
        logs.warning(f"there is no instance or disk {name!r}")
    if found.items or json or not missing:
        sys.stdout.write(as_json(found) if json else text(found))
    if missing:
        raise UserError(
            f"not everything exists: {', '.join(map(repr, missing))}",
            hint="`limactl disk-usage` shows all that there is",
        )


def as_json(found: "Usage") -> str:
    """One object on one line, sizes in bytes."""
    import msgspec

    return output.json_text(msgspec.to_builtins(found)) + "\n"


def text(found: "Usage") -> str:
    """The table, and what it comes to."""
    table = output.table([_HEADS, *map(_cells, found.items)])
    total, prunable = format_size(found.total), format_size(found.prunable)
    return f"{table}\nTogether {total}, each byte counted once. `limactl prune` would free {prunable}.\n"


def _cells(item: "Item") -> Sequence[str]:
    from limavm.model.printable import printable

    sizes = (format_size(size) for size in (item.occupied, item.shared, item.own))
    return item.kind.value, printable(_short(item.name)), *sizes


def _short(name: str) -> str:
    """The end of an address: the name of the file."""
    if "://" not in name:
        return name
    return os.path.basename(name.partition("?")[0].rstrip("/")) or name


COMMAND = Command(
    "disk-usage",
    _disk_usage,
    usage="[NAME]...",
    help="""Show what instances, data disks and the cache occupy on this host.

This command is limavm's own; Lima has none like it. OCCUPIED is what a thing
takes, SHARED the part of it that others have as well (hard links, and stretches
that file systems share), OWN what would be free without it. A snapshot is a
part of its instance, and counted there. With names, only these instances and
data disks are shown.""",
    flags=[BoolFlag(["--json"], help="Print one JSON object, with sizes in bytes")],
    examples="limactl disk-usage\nlimactl disk-usage --json dev",
)
