"""Keeps an instance from being deleted or reset: the marker `protected` (spec/cli.md 6.7).

Whoever deletes or resets holds the instance and looks for the marker then; so the marker is set and removed
by who holds it as well, and an instance that was just protected cannot vanish.
"""

import os

from limavm.errors import UserError
from limavm.host import files, paths
from limavm.instance.inspect import inspect
from limavm.model.report import Reporter
from limavm.store import instances


def protect(name: str, *, report: Reporter) -> None:
    """Forbid `delete` and `factory-reset` of the instance; one that is protected already is only warned about.

    Raises NotFoundError when there is no such instance, BusyError while another command is at work on it.
    """
    directory = inspect(name).dir
    with instances.exclusive(name):
        if is_protected(directory):
            report.warning(f"The instance {name!r} is protected already")
            return
        files.write_atomic(_marker(directory), b"", 0o400)
    report.info(f"Protected {name!r}: it can be neither deleted nor reset")


def unprotect(name: str, *, report: Reporter) -> None:
    """Allow it again; one that is not protected is only warned about. Raises as `protect` does."""
    directory = inspect(name).dir
    with instances.exclusive(name):
        if not is_protected(directory):
            report.warning(f"The instance {name!r} is not protected")
            return
        os.unlink(_marker(directory))
        files.sync_directory(directory)
    report.info(f"{name!r} is not protected any more")


def check_unprotected(name: str, what: str) -> None:
    """Raises UserError for an instance that is protected, which is not `what`: `deleted`. The caller holds it."""
    directory = paths.instance_dir(name)
    if is_protected(directory):
        raise UserError(
            f"the instance {name!r} is protected, and is not {what}",
            where=_marker(directory),
            hint=f"`limactl unprotect {name}` allows it",
        )


def is_protected(directory: str) -> bool:
    """Whether the instance in a directory is protected."""
    return os.path.lexists(_marker(directory))


def _marker(directory: str) -> str:
    return os.path.join(directory, paths.PROTECTED)
