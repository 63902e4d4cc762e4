"""Which instances exist, and how their directories appear and vanish as a whole.

A directory is made under a hidden name and renamed when it is complete; it is renamed to a hidden
name before it is removed. Hidden directories are nobody's instance (spec/runtime.md 1.1) and the
next command that creates or deletes sweeps those whose maker is gone.
"""

import contextlib
import errno
import os
import re
from collections.abc import Iterator

from limavm.errors import BusyError, NotFoundError, UserError
from limavm.host import paths, pidfile
from limavm.host.files import locked, sync_directory
from limavm.host.trees import remove_tree

_LEFTOVER = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.(?P<work>creating|deleting)")


def names() -> list[str]:
    """Names of all instance directories, sorted by bytes; symbolic links and files are none."""
    try:
        with os.scandir(paths.lima_home()) as entries:
            found = [entry.name for entry in entries if _is_instance(entry)]
    except FileNotFoundError:
        return []
    return sorted(found, key=os.fsencode)


def _is_instance(entry: "os.DirEntry[str]") -> bool:
    return entry.name[0] not in "._" and entry.is_dir(follow_symlinks=False)


def is_instance(name: str) -> bool:
    """Whether an instance of that name exists, which means: whether it has a `lima.yaml`."""
    return os.path.lexists(os.path.join(paths.instance_dir(name), paths.LIMA_YAML))


@contextlib.contextmanager
def created(name: str) -> Iterator[str]:
    """A new, hidden directory that becomes the instance `name` when the body ends normally.

    Raises UserError when the name is taken, then or at the end, BusyError when another command is making an
    instance of that name; after any error nothing is left. The instance is held until the context ends.
    """
    check_free(name)
    home = paths.lima_home()
    try:
        os.makedirs(home, mode=0o700, exist_ok=True)
    except FileExistsError as error:
        raise UserError("LIMA_HOME is no directory", where=home, hint="remove the file, or set LIMA_HOME") from error
    sweep()
    hidden = os.path.join(home, f".{name}.{os.getpid()}.creating")
    os.mkdir(hidden, 0o700)
    try:
        # The lock tells others that we are at it, and goes along to the new name.
        with locked(hidden, wait=False):
            yield hidden
            sync_directory(hidden)
            _move(hidden, name)
    except BaseException:
        remove_tree(hidden)
        raise


def check_free(name: str) -> None:
    """Raises UserError when there is something of that name, BusyError when another command is making it."""
    if os.path.lexists(paths.instance_dir(name)):
        raise _taken(name)
    home = paths.lima_home()
    for entry in os.listdir(home) if os.path.isdir(home) else ():
        match = _LEFTOVER.fullmatch(entry)
        if match is None or (match["name"], match["work"]) != (name, "creating"):
            continue
        path, busy = os.path.join(home, entry), f"another limactl command is making {name!r}"
        # What nobody holds is a leftover.
        with contextlib.suppress(FileNotFoundError), _busy_hint(), locked(path, wait=False, busy=busy):
            pass


def rename(name: str, new: str) -> None:
    """Give an instance that the caller holds another name, at one instant; raises UserError when it is taken."""
    check_free(new)
    _move(paths.instance_dir(name), new)


def _move(directory: str, name: str) -> None:
    """Make a directory, which is complete, the instance `name`; raises UserError when that has appeared meanwhile."""
    try:
        os.rename(directory, paths.instance_dir(name))
    except OSError as error:  # there is something by now that is no empty directory
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise _taken(name) from error
        raise
    sync_directory(paths.lima_home())


def _taken(name: str) -> UserError:
    return UserError(
        f"an instance {name!r} exists already",
        where=paths.instance_dir(name),
        hint=f"start it with `limactl start {name}`, or choose another name",
    )


def remove(name: str) -> None:
    """Remove an instance directory; when we are killed half-way, nothing of it is left in sight."""
    home = paths.lima_home()
    hidden = os.path.join(home, f".{name}.{os.getpid()}.deleting")
    os.rename(paths.instance_dir(name), hidden)
    sync_directory(home)
    remove_tree(hidden)


def sweep() -> None:
    """Remove what killed commands left behind; directories of living commands are kept."""
    for entry in leftovers():
        remove_tree(os.path.join(paths.lima_home(), entry))


def leftovers() -> list[str]:
    """Names in LIMA_HOME of what killed commands left behind, sorted."""
    try:
        entries = os.listdir(paths.lima_home())
    except FileNotFoundError:
        return []
    found = ((entry, _LEFTOVER.fullmatch(entry)) for entry in entries)
    return sorted(entry for entry, match in found if match and not pidfile.exists(int(match["pid"])))


@contextlib.contextmanager
def exclusive(name: str) -> Iterator[str]:
    """Hold the instance for one mutating command; yields its directory.

    Raises BusyError at once when another command is at work on it: waiting would only hide that; NotFoundError
    when it has just vanished.
    """
    with exclusive_lock(name) as (directory, _):
        yield directory


@contextlib.contextmanager
def exclusive_lock(name: str) -> Iterator[tuple[str, int]]:
    """The same for who hands the lock on (`host.files.handed_on`): yields the directory, and the lock's descriptor."""
    directory = paths.instance_dir(name)
    busy = f"another limactl command is at work on instance {name!r}"
    with contextlib.ExitStack() as stack:
        try:
            with _busy_hint():
                lock = stack.enter_context(locked(directory, wait=False, busy=busy))
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no instance {name!r} any more", where=directory) from error
        yield directory, lock


@contextlib.contextmanager
def _busy_hint() -> Iterator[None]:
    try:
        yield
    except BusyError as error:
        error.hint = "wait until it ends, or end it, and try again"
        raise
