"""What `limactl snapshot` does: by the host agent of a machine that runs, else on its disk (spec/runtime.md 4.9)."""

import contextlib
import os
from collections.abc import Iterator
from typing import Literal

from limavm.driver.registry import driver
from limavm.errors import UserError
from limavm.host import paths
from limavm.hostagent.client import change_snapshot
from limavm.hostagent.client import snapshots as ask_snapshots
from limavm.images import snapshots as offline
from limavm.instance.inspect import inspect
from limavm.model.instance import Instance, Status
from limavm.model.report import Reporter
from limavm.store import containerd, disks, instances

Work = Literal["create", "apply", "delete"]
#: QEMU cuts off what is longer.
_LONGEST_TAG = 255
_DONE = {"create": "Created", "apply": "Applied", "delete": "Deleted"}


def act(work: Work, name: str, tag: str, *, report: Reporter) -> None:
    """Make, apply or remove the snapshot `tag` of an instance.

    Raises NotFoundError, UserError when it cannot be, BusyError when another command is at work on the instance.
    """
    check_tag(tag)
    found = _supported(name)
    if found.status is Status.RUNNING:
        change_snapshot(os.path.join(found.dir, paths.HA_SOCK), work, tag)
    else:
        with _stopped(name) as (disk, again):
            {"create": offline.create, "apply": offline.apply, "delete": offline.delete}[work](disk, tag)
            if work != "delete":
                _tell_what_is_left_out(again, report)
    if work == "apply":  # nobody knows what was on the disk then
        containerd.forget(found.dir)
    report.info(f"{_DONE[work]} the snapshot {tag!r} of {name!r}")


def table(name: str) -> str:
    """The snapshots as QEMU prints them: a head whose second column is TAG, and a line each; empty without."""
    found = _supported(name)
    if found.status is Status.RUNNING:
        return ask_snapshots(os.path.join(found.dir, paths.HA_SOCK))
    with _stopped(name) as (disk, _):
        return offline.table(disk) if os.path.exists(disk) else ""


def tags(text: str) -> list[str]:
    """The tags of a table; raises UserError when it has none where they belong."""
    head, *rows = text.splitlines() or [""]
    if not text:
        return []
    if head.split()[1:2] != ["TAG"]:
        raise UserError("QEMU's list of snapshots has another form", where=head[:100])
    return [row.split()[1] for row in rows if len(row.split()) > 1]


def check_tag(tag: str) -> None:
    """Raises UserError for what cannot name a snapshot."""
    if not tag:
        raise UserError("a snapshot needs a tag", where="--tag", hint="such as --tag before-upgrade")
    if len(os.fsencode(tag)) > _LONGEST_TAG:
        raise UserError(f"the tag {tag[:40]!r}… is longer than {_LONGEST_TAG} bytes", where="--tag")
    if not tag.isprintable() or any(char.isspace() for char in tag):
        raise UserError(f"the tag {tag!r} has blanks or signs that cannot be shown", where="--tag")


def _supported(name: str) -> Instance:
    found = inspect(name)
    if found.config is None:
        raise UserError(f"the configuration of {name!r} cannot be used: {'; '.join(found.errors)}", where=found.dir)
    if not driver(found.vm_type).snapshots:
        raise UserError(f"unimplemented: the driver {found.vm_type} has no snapshots", where=found.dir)
    return found


@contextlib.contextmanager
def _stopped(name: str) -> Iterator[tuple[str, Instance]]:
    """The disk of an instance that nobody starts meanwhile, and the instance; raises UserError unless it is stopped."""
    with instances.exclusive(name) as directory:
        found = inspect(name)
        if found.status is not Status.STOPPED:
            problems = f" ({'; '.join(found.errors)})" if found.errors else ""
            raise UserError(
                f"the instance {name!r} is {found.status.value or 'in an unknown state'}{problems}",
                where=directory,
                hint="its snapshots are there while it is running, and while it is stopped",
            )
        yield os.path.join(directory, paths.DISK), found


def _tell_what_is_left_out(instance: Instance, report: Reporter) -> None:
    names = [repr(disk.name) for disk in instance.additional_disks if disks.exists(disk.name)]
    if os.path.exists(os.path.join(instance.dir, paths.EFI_VARIABLES)):
        names.append("the variables of its UEFI firmware")
    if names:
        listed = ", ".join(names)
        report.warning(f"A snapshot of a machine that is stopped is about its own disk, and not about {listed}")
