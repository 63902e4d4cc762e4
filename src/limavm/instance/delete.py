"""Deletes an instance (spec/runtime.md 2.6)."""

import os

from limavm.errors import NotFoundError, UserError
from limavm.host import paths
from limavm.instance.autostart import forget
from limavm.instance.inspect import inspect
from limavm.instance.protect import check_unprotected
from limavm.instance.stop import force_stop
from limavm.model.instance import Instance, Status
from limavm.model.report import Reporter
from limavm.store import instances


def delete(name: str, *, force: bool, report: Reporter) -> None:
    """Delete the instance with all its data.

    A missing instance is only warned about. Raises UserError for a protected one, and for one that is
    not stopped unless `force`, NotFoundError for a directory that is no instance: nothing is deleted then.
    """
    try:
        inspect(name)
        with instances.exclusive(name):
            # Asked now that nobody can start or protect it.
            instance = inspect(name)
            _check(instance, force=force)
            force_stop(instance, report)
            forget(name, report=report)
            instances.remove(name)
    except NotFoundError:
        _check_is_nothing(name)
        report.warning(f"There is no instance {name!r}; nothing to delete")
        return
    report.info(f"Deleted {name!r} ({instance.dir})")


def _check(instance: Instance, *, force: bool) -> None:
    check_unprotected(instance.name, "deleted")
    if not force and instance.status is not Status.STOPPED:
        raise UserError(
            f"the instance {instance.name!r} is {instance.status.value or 'in an unknown state'}, not Stopped",
            where=instance.dir,
            hint=f"stop it first, or `limactl delete -f {instance.name}`",
        )


def _check_is_nothing(name: str) -> None:
    directory = paths.instance_dir(name)
    if os.path.lexists(directory):
        raise NotFoundError(
            f"{name!r} has no {paths.LIMA_YAML}, so it may be no instance; it was not deleted",
            where=directory,
            hint="look into it, and remove it by hand",
        )
