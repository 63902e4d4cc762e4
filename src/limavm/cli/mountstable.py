"""How `limactl mount` shows mounts, and what came out of `limactl mount verify`: tables for people, or JSON.

Nothing of it can drive the terminal: names of files and reasons were written by others.
"""

import json
from collections.abc import Sequence

import msgspec

from limavm.cli.widetable import wide_table
from limavm.instance.verify.compare import Difference
from limavm.instance.verify.sides import Verdict
from limavm.model.mount import MountState
from limavm.model.printable import printable

HEADS = ("MODE", "GUEST", "HOST", "TYPE", "STATE", "REASON")


def table(mounts: Sequence[MountState], width: int | None = None) -> str:
    """A line each, below a head; none is longer than `width`, if that is given."""
    return wide_table([HEADS, *(_cells(mount) for mount in mounts)], width)


def _cells(mount: MountState) -> tuple[str, ...]:
    added = "" if mount.configured else "added since the start"
    reason = "; ".join(filter(None, (mount.reason, added)))
    mode = "rw" if mount.writable else "ro"
    cells = (mode, mount.mount_point, mount.location, mount.type, mount.phase.value, reason)
    return tuple(map(printable, cells))


def json_lines(mounts: Sequence[MountState]) -> str:
    """An object a line, in ASCII."""
    return "".join(_json(mount) + "\n" for mount in mounts)


def json_list(mounts: Sequence[MountState]) -> str:
    """All of them as one object on one line, for a stream of lists."""
    return _json({"mounts": mounts}) + "\n"


def verdict_line(verdict: Verdict) -> str:
    """What came out for a mount, in one sentence."""
    count = len(verdict.differences)
    found = "no difference" if not count else "1 difference" if count == 1 else f"{count} differences"
    error = "interrupted" if verdict.interrupted else verdict.error
    ended = f"; ended early: {error}" if error else ""
    rounds = "1 round" if verdict.rounds == 1 else f"{verdict.rounds} rounds"
    return printable(
        f"{verdict.mount_point} ({verdict.type}, {'writable' if verdict.writable else 'read-only'}): {found} in "
        f"{verdict.operations} operations of {rounds}, {verdict.written / 2**20:.1f} MiB written{ended}"
    )


def difference_line(one: Difference) -> str:
    """One difference, in one sentence."""
    return printable(
        f"written by the {one.writer}, seen by the {one.side}: {one.name!r}: {one.what}: "
        f"expected {one.expected}, found {one.found}"
    )


def verdict_json(verdict: Verdict) -> str:
    """A verdict as an object on a line."""
    return _json(verdict) + "\n"


def _json(value: object) -> str:
    return json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
