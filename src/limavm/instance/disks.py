"""What `limactl disk` does, and how a machine gets its data disks (spec/cli.md 6.18, spec/runtime.md 1.6)."""

import os
import re
from collections.abc import Sequence

from limavm.errors import NotFoundError, UserError
from limavm.host import files, paths
from limavm.images import datadisk
from limavm.instance.inspect import inspect as inspect_instance
from limavm.model.config import Disk
from limavm.model.disk import DataDisk
from limavm.model.instance import Status
from limavm.model.machine import Drive
from limavm.model.report import Reporter
from limavm.model.size import format_size
from limavm.store import disks, instances


def create(name: str, size: int, form: str, *, report: Reporter) -> None:
    """Make an empty disk; raises UserError when the name is taken or the rest will not do. Nothing is left then."""
    with disks.created(name) as directory:
        made = datadisk.create(os.path.join(directory, disks.DATA), size, form)
    if made != form:
        report.warning(f"The disk is {made}, since qemu-img is not installed, which makes {form}")
    report.info(f"Created the {made} disk {name!r} with {format_size(size)} ({disks.disk_dir(name)})")


def import_file(name: str, source: str, *, report: Reporter) -> None:
    """Make a disk that is a copy of a file; raises UserError, and nothing is left then."""
    path = os.path.abspath(source)
    size = os.stat(path).st_size if os.path.isfile(path) else None
    with disks.created(name) as directory, report.transfer(f"Copying {os.path.basename(path)!r}", size) as transfer:
        target = os.path.join(directory, disks.DATA)
        made = datadisk.take(path, target, advance=transfer.advance)
        _, size = datadisk.inspect(target)
    report.info(f"Imported {path} as the {made} disk {name!r} with {format_size(size)}")


def inspect(name: str) -> DataDisk:
    """The disk `name` as it is now; raises NotFoundError, UserError when it cannot be read."""
    if not disks.exists(name):
        raise disks.missing(name)
    form, size = datadisk.inspect(disks.data_path(name))
    owner = disks.owner(name)
    return DataDisk(
        name=name,
        size=size,
        format=form,
        dir=disks.disk_dir(name),
        instance=os.path.basename(owner),
        instance_dir=owner,
        mount_point=f"/mnt/lima-{name}",
    )


def resize(name: str, size: int, *, report: Reporter) -> None:
    """Make a disk larger; raises UserError when it would shrink, or when a running machine has it."""
    with disks.held(name):
        if holder := disks.in_use(name):
            raise _used(name, holder)
        datadisk.grow(disks.data_path(name), size)
    report.info(f"The disk {name!r} has {format_size(size)} now; its file system grows when a machine mounts it")


def _used(name: str, holder: str, hint: str = "") -> UserError:
    instance = os.path.basename(holder)
    hint = hint or f"stop it with `limactl stop {instance}`"
    return UserError(f"the disk {name!r} is used by the instance {instance!r}", where=holder, hint=hint)


def delete(name: str, *, force: bool, report: Reporter) -> None:
    """Remove a disk with all its data.

    One that is missing is only warned of, and so is one that a configuration names, which stays unless `force`.
    Raises UserError when a running machine has it, unless `force`.
    """
    try:
        with disks.held(name):
            if not force and (holder := disks.in_use(name)):
                raise _used(name, holder)
            if not force and (users := referring(name)):
                listed = ", ".join(map(repr, users))
                report.warning(
                    f"The disk {name!r} is kept, since additionalDisks of {listed} names it; "
                    f"`limactl disk delete --force {name}` deletes it all the same"
                )
                return
            disks.remove(name)
    except NotFoundError:
        report.warning(f"There is no disk {name!r}; nothing to delete")
        return
    report.info(f"Deleted the disk {name!r} ({disks.disk_dir(name)})")


def referring(name: str) -> list[str]:
    """The instances whose configuration names the disk; one that cannot be understood counts when its text does."""
    found = []
    for instance in instances.names():
        try:
            inspected = inspect_instance(instance)
        except UserError:
            continue  # it vanishes, or is none: it names nothing
        if inspected.config is None:
            named = _mentions(os.path.join(inspected.dir, paths.LIMA_YAML), name)
        else:
            named = any(disk.name == name for disk in inspected.additional_disks)
        if named:
            found.append(instance)
    return found


def _mentions(path: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", files.read_text(path) or "") is not None


def unlock(name: str, *, report: Reporter) -> None:
    """Take a disk from an instance that does not run; what cannot be done is only warned of."""
    try:
        with disks.held(name):
            holder = disks.owner(name)
            if not holder:
                report.warning(f"The disk {name!r} is not locked")
                return
            if reason := _why_locked(name, holder):
                report.warning(f"The disk {name!r} stays locked: {reason}")
                return
            disks.free(name)
    except NotFoundError:
        report.warning(f"There is no disk {name!r}; nothing to unlock")
        return
    report.info(f"Unlocked the disk {name!r}, which {os.path.basename(holder)!r} had")


def _why_locked(name: str, holder: str) -> str:
    instance = os.path.basename(holder)
    if disks.in_use(name):
        return f"the instance {instance!r} is running, or another command is at work on it"
    try:
        found = inspect_instance(instance)
    except UserError:
        return ""  # there is none any more
    if found.dir == holder and (found.errors or found.status is Status.RUNNING):
        return f"the instance {instance!r} is not in order: {'; '.join(found.errors) or found.status.value}"
    return ""


def check_attachable(wanted: Sequence[Disk], directory: str) -> None:
    """Raise the UserError of `attach` for what can be told in advance, before anything is downloaded for a start."""
    names = [disk.name for disk in wanted]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"the disk {twice[0]!r} is named twice", where="additionalDisks", hint="a disk can be had once")
    if lacking := [name for name in names if not disks.exists(name)]:
        raise disks.missing(lacking[0])
    for name in names:
        _check_unused(name, directory)


def attach(wanted: Sequence[Disk], directory: str, *, report: Reporter) -> tuple[Drive, ...]:
    """Lock the disks of a configuration for the machine in `directory`, which the caller holds; as drives, in order.

    Raises UserError when one is missing, damaged, named twice or used by another machine: none is locked then that
    was not before. A lock that an instance has left behind counts for nothing.
    """
    check_attachable(wanted, directory)
    names = [disk.name for disk in wanted]
    disks.release(directory)  # of a run whose end nobody saw, perhaps with others
    drives: list[Drive] = []
    try:
        for name in names:
            with disks.held(name, wait=True):
                drives.append(_drive(name, directory, report))
                disks.assign(name, directory)
    except BaseException:
        disks.release(directory)
        raise
    return tuple(drives)


def _check_unused(name: str, directory: str) -> None:
    if holder := disks.in_use(name, but=directory):
        raise _used(name, holder, f"a disk is for one machine at a time: stop {os.path.basename(holder)!r} first")


def _drive(name: str, directory: str, report: Reporter) -> Drive:
    _check_unused(name, directory)
    before = disks.owner(name)
    if before and before != os.path.normpath(directory):
        report.info(f"Taking the disk {name!r} over from {os.path.basename(before)!r}, which does not run")
    path = disks.data_path(name)
    form, _ = datadisk.inspect(path)
    return Drive(path=path, format=form)
