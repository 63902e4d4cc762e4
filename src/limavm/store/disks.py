"""Data disks in `_disks`: which exist, how they appear and vanish as a whole, and which instance has which.

`_disks/NAME` holds `datadisk`; the symbolic link `in_use_by` leads to the directory of the instance that has it
(spec/runtime.md 1.6). Whoever changes a disk or its link holds the directory's lock. A link is stale, and counts
for nothing, as soon as neither a machine nor a host agent of that instance lives and no command is at work on it.
"""

import contextlib
import os
import re
from collections.abc import Iterator

from limavm.errors import BusyError, NotFoundError, UserError
from limavm.host import files, paths, pidfile
from limavm.host.files import is_locked, locked, sync_directory
from limavm.host.trees import remove_tree
from limavm.store import processes

#: Names in the directory of a disk.
DATA = "datadisk"
IN_USE_BY = "in_use_by"

_LEFTOVER = re.compile(r"\.(?P<name>.+)\.\d+\.(?P<work>creating|deleting)")
#: Each driver has a PID file of its name; another instance may be of any, and too broken to ask.
_VM_TYPES = ("qemu", "vz", "krunkit")


def home() -> str:
    """The directory of all disks, which need not exist."""
    return os.path.join(paths.lima_home(), "_disks")


def disk_dir(name: str) -> str:
    """The directory of the disk `name`; raises UserError with the rule that the name breaks."""
    if problem := paths.identifier_error(name):
        raise UserError(problem, where="disk name", hint="use a name such as `data` or `web-1.files`")
    return os.path.join(home(), name)


def data_path(name: str) -> str:
    """The image of the disk `name`."""
    return os.path.join(disk_dir(name), DATA)


def names() -> list[str]:
    """Names of all disks, sorted by bytes."""
    try:
        with os.scandir(home()) as entries:
            found = [entry.name for entry in entries if entry.name[0] != "." and entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return sorted((name for name in found if paths.identifier_error(name) is None), key=os.fsencode)


def exists(name: str) -> bool:
    """Whether there is a disk of that name."""
    return os.path.isdir(disk_dir(name))


@contextlib.contextmanager
def held(name: str, *, wait: bool = False) -> Iterator[str]:
    """Hold a disk for one change; yields its directory.

    Raises NotFoundError when there is none, BusyError when another command is at work on it and `wait` is not set.
    """
    directory = disk_dir(name)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(
                locked(directory, wait=wait, busy=f"another limactl command is at work on disk {name!r}")
            )
        except FileNotFoundError as error:
            raise missing(name) from error
        files.sweep(directory, f"{IN_USE_BY}.*.tmp")  # of killed commands: whoever makes such a link holds the disk
        yield directory


def missing(name: str) -> NotFoundError:
    """The error for a disk that does not exist."""
    hint = f"create it with `limactl disk create {name} --size 10GiB`; `limactl disk list` shows those there are"
    return NotFoundError(f"there is no disk {name!r}", where=os.path.join(home(), name), hint=hint)


@contextlib.contextmanager
def created(name: str) -> Iterator[str]:
    """A new, hidden directory that becomes the disk `name` when the body ends normally.

    Raises UserError when the name is taken, then or at the end; after any error nothing is left.
    """
    target = disk_dir(name)
    _check_free(name)
    os.makedirs(home(), mode=0o700, exist_ok=True)
    sweep()
    hidden = os.path.join(home(), f".{name}.{os.getpid()}.creating")
    os.mkdir(hidden, 0o700)
    try:
        # The lock tells others that somebody is at it, and goes along to the new name.
        with locked(hidden, wait=False):
            yield hidden
            sync_directory(hidden)
            # A directory that is not empty is never replaced by a rename.
            _check_free(name)
            os.rename(hidden, target)
            sync_directory(home())
    except BaseException:
        remove_tree(hidden)
        raise


def _check_free(name: str) -> None:
    if os.path.lexists(disk_dir(name)):
        hint = f"choose another name, or remove it with `limactl disk delete {name}`"
        raise UserError(f"a disk {name!r} exists already", where=disk_dir(name), hint=hint)


def remove(name: str) -> None:
    """Remove a disk that the caller holds; when we are killed half-way, nothing of it is left in sight."""
    hidden = os.path.join(home(), f".{name}.{os.getpid()}.deleting")
    os.rename(disk_dir(name), hidden)
    sync_directory(home())
    remove_tree(hidden)


def sweep() -> None:
    """Remove what killed commands left behind: nobody holds it."""
    for entry in os.listdir(home()):
        if _LEFTOVER.fullmatch(entry):
            path = os.path.join(home(), entry)
            with contextlib.suppress(BusyError, FileNotFoundError), locked(path, wait=False):
                remove_tree(path)


def owner(name: str) -> str:
    """The directory of the instance to which the disk's link leads, empty without one."""
    try:
        target = os.readlink(os.path.join(disk_dir(name), IN_USE_BY))
    except FileNotFoundError:
        return ""
    except OSError as error:  # a file of that name: nothing that Lima or we have made
        raise UserError(f"{IN_USE_BY} of the disk {name!r} is no link", where=disk_dir(name)) from error
    return os.path.normpath(os.path.join(disk_dir(name), target))


def assign(name: str, directory: str) -> None:
    """Let the disk, which the caller holds, be that of the instance in `directory`."""
    link = os.path.join(disk_dir(name), IN_USE_BY)
    partial = f"{link}.{os.getpid()}.tmp"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    os.symlink(directory, partial)
    os.replace(partial, link)
    sync_directory(disk_dir(name))


def free(name: str) -> None:
    """Let the disk, which the caller holds, be nobody's."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(disk_dir(name), IN_USE_BY))


def release(directory: str) -> list[str]:
    """Free every disk of the instance in `directory`, which does not run; returns their names."""
    freed = []
    for name in names():
        with contextlib.suppress(UserError), held(name, wait=True):
            if owner(name) == os.path.normpath(directory):
                free(name)
                freed.append(name)
    return freed


def in_use(name: str, *, but: str = "") -> str:
    """The directory of the instance that has the disk and is alive, if that is not `but`; empty when there is none."""
    directory = owner(name)
    return directory if directory and directory != os.path.normpath(but) and is_alive(directory) else ""


def is_alive(directory: str) -> bool:
    """Whether anything of the instance in `directory` runs, or a command is at work on it.

    What cannot be told counts as life: a disk that two machines write to is lost.
    """
    try:
        # The lock comes first: who starts the instance lets go of it when the PID file is there, and not before.
        if is_locked(directory) or processes.host_agent_pid(directory):
            return True
        return any(processes.driver_pid(directory, kind) for kind in _VM_TYPES)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except pidfile.PidFileError:
        return True
