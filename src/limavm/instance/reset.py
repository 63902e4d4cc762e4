"""Makes an instance as new as after its creation: what it was made from stays, its disk goes (spec/runtime.md 2.8).

The disk goes first and its image next, so that a killed command leaves a machine as it was, or one whose next
start makes everything anew. Directories that neither Lima nor limavm makes are the user's, and stay.
"""

import contextlib
import os
import stat
from collections.abc import Iterable

from limavm.errors import NotFoundError, UserError
from limavm.host import files, paths
from limavm.host.hints import hint_of
from limavm.host.trees import remove_tree
from limavm.instance.inspect import inspect
from limavm.instance.protect import check_unprotected
from limavm.instance.seeding import reference_copy
from limavm.instance.stop import force_stop
from limavm.model.instance import Instance
from limavm.model.report import Reporter
from limavm.store import instances

#: What stays, beside everything whose name ends as in `_TEXTS`.
_KEPT = frozenset({paths.LIMA_VERSION, paths.PROTECTED, "vz-identifier"})
_TEXTS = (".yaml", ".yml")
#: What the next start would take for a machine goes first: with a disk and without its image there is none.
_FIRST = (paths.DISK, paths.DIFF_DISK, paths.IMAGE, paths.BASE_DISK, paths.ISO)
#: Directories of a run or of the machine; `mnt` may be where a disk is mounted, and goes when it is empty.
_TREES = frozenset({"cidata", "sock", "swtpm"})
_ONCE_MORE = "see the errors above, and run `limactl factory-reset` once more"


def factory_reset(name: str, *, report: Reporter) -> None:
    """Stop the instance by force and remove its disk, logs and all else that a start makes.

    A missing instance is only told of. Raises UserError for a protected one, which is as it was then, and at the
    end for what could not be removed; BusyError when another command is at work on it.
    """
    try:
        inspect(name)
        with instances.exclusive(name):
            check_unprotected(name, "reset")
            _reset(inspect(name), report)
    except NotFoundError:
        report.info(f"There is no instance {name!r}; nothing to reset")
        return
    report.info(f"Reset {name!r}: the next start makes its disk anew ({paths.instance_dir(name)})")


def _reset(instance: Instance, report: Reporter) -> None:
    force_stop(instance, report)
    doings = ((entry, _removed(instance.dir, entry, report)) for entry in doomed(os.listdir(instance.dir)))
    failed = {entry: error for entry, error in doings if error}
    files.sync_directory(instance.dir)
    _renew_reference(instance, report)
    if failed:
        raise UserError(
            f"not everything of {instance.name!r} could be removed: {', '.join(failed)}",
            where=instance.dir,
            hint=next(filter(None, (hint_of(error.errno) for error in failed.values())), _ONCE_MORE),
        )


def doomed(entries: Iterable[str]) -> list[str]:
    """Which entries of an instance directory go, in their order."""
    names = [name for name in entries if name not in _KEPT and not name.endswith(_TEXTS)]
    return sorted(names, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))


def _removed(directory: str, entry: str, report: Reporter) -> OSError | None:
    """Remove one entry; what was in the way when it should be gone and is not."""
    path = os.path.join(directory, entry)
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            if not _tree_removed(path, entry):
                report.warning(f"The directory {path} stays: it is none that limactl makes")
                return None
        else:
            os.unlink(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        report.error(f"{path} cannot be removed: {error.strerror or error}")
        return error
    report.debug(f"Removed {path}")
    return None


def _tree_removed(path: str, entry: str) -> bool:
    if entry in _TREES:
        remove_tree(path)
        return True
    with contextlib.suppress(OSError):
        os.rmdir(path)
        return True
    return False


def _renew_reference(instance: Instance, report: Reporter) -> None:
    """Write `cloud-config.yaml` as a creation would; what is in the way is told, and no reason to stop."""
    if instance.config is None:
        report.error(f"{paths.CLOUD_CONFIG} was not made anew: {'; '.join(instance.errors)}")
        return
    try:
        text = reference_copy(instance.config, instance.name, instance.dir)
        files.write_atomic(os.path.join(instance.dir, paths.CLOUD_CONFIG), text, 0o444)
    except (OSError, UserError) as error:
        report.error(f"{paths.CLOUD_CONFIG} was not made anew: {error}")
