"""Snapshots inside the qcow2 disk of a machine that does not run, by qemu-img (spec/runtime.md 4.9)."""

import json
import os

from limavm.errors import UserError
from limavm.images.disk import disk_format
from limavm.images.qemuimg import qemu_img

#: The heading of `qemu-img snapshot -l`.
_HEADING = "Snapshot list:"


def check(disk: str) -> None:
    """Raises UserError when there is no disk, or one that cannot have snapshots."""
    if not os.path.exists(disk):
        hint = "it has one after its first start"
        raise UserError("the instance has no disk yet", where=disk, hint=hint)
    if (form := disk_format(disk)) != "qcow2":
        hint = "only qcow2 does; `qemu-img convert` makes one of it"
        raise UserError(f"a disk of the format {form} holds no snapshots", where=disk, hint=hint)


def table(disk: str) -> str:
    """The table that qemu-img prints, without its heading; empty when there are none."""
    check(disk)
    text = qemu_img("snapshot", "-l", disk).decode(errors="replace")
    return "".join(f"{line}\n" for line in text.splitlines() if line and line != _HEADING)


def tags(disk: str) -> dict[str, str]:
    """The ID of each snapshot by its tag, in the order in which they were made."""
    check(disk)
    answer = json.loads(qemu_img("info", "-f", "qcow2", "--output=json", disk))
    return {str(one["name"]): str(one["id"]) for one in answer.get("snapshots", ())}


def create(disk: str, tag: str) -> None:
    """Save the disk under a tag that is free; raises UserError."""
    if tag in tags(disk):
        raise UserError(f"there is a snapshot {tag!r} already", hint="choose another tag, or delete it first")
    qemu_img("snapshot", "-c", tag, disk)


def apply(disk: str, tag: str) -> None:
    """Let the disk be as it was when it was saved; raises UserError."""
    known = _known(disk, tag)
    # Here qemu-img prefers a snapshot whose ID is that word.
    qemu_img("snapshot", "-a", known[tag] if tag in known.values() else tag, disk)


def delete(disk: str, tag: str) -> None:
    """Remove a snapshot; raises UserError."""
    _known(disk, tag)
    qemu_img("snapshot", "-d", tag, disk)


def _known(disk: str, tag: str) -> dict[str, str]:
    known = tags(disk)
    if tag not in known:
        hint = "`limactl snapshot list` shows those there are"
        raise UserError(f"there is no snapshot {tag!r}", where=disk, hint=hint)
    return known
