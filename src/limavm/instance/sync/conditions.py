"""What has to hold before a directory is copied into a guest (spec/cli.md 7.6)."""

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator

from limavm.errors import UserError
from limavm.host import paths
from limavm.host.files import locked
from limavm.model.config import Config

#: `/home/you/project` has as many fields between slashes: the home directory itself is not given away by mistake.
_LEAST_DEPTH = 4


def directory_to_sync(given: str, config: Config) -> str:
    """The absolute path of the directory, as the user names it; raises UserError when it will not do."""
    if sys.platform == "win32" or config.vm_type == "wsl2":
        raise UserError("--sync is not available on Windows hosts", hint="use `limactl copy`")
    if config.mounts and not config.plain:
        raise UserError(
            "--sync is for instances without mounts, where nothing of the host can be changed but by it",
            where="mounts",
            hint="remove the mounts of the instance, as by `limactl edit --mount-none`, or work in them without --sync",
        )
    path = os.path.abspath(given)
    if not os.path.isdir(path):
        raise UserError(
            "the directory to copy into the guest does not exist"
            if not os.path.lexists(path)
            else "what is to be copied into the guest is no directory",
            where=path,
        )
    for one in (path, os.path.realpath(path)):
        _check_depth(one)
    # One within the other, either way: a guest is to get neither its own keys and disks nor those of others.
    home, real = os.path.realpath(paths.lima_home()), os.path.realpath(path)
    if f"{home}/".startswith(f"{real}/"):
        raise UserError("the directory holds LIMA_HOME, with its keys and disks", where=path)
    if real.startswith(f"{home}/"):
        raise UserError("the directory is one of limactl's own, in LIMA_HOME", where=path)
    return path


def _check_depth(path: str) -> None:
    if len(path.split("/")) < _LEAST_DEPTH:
        raise UserError(
            "the directory is too near to the root to be copied into a guest and back",
            where=path,
            hint="choose one that is at least as deep as /home/you/project",
        )


@contextlib.contextmanager
def only_one(instance_dir: str, path: str) -> Iterator[None]:
    """Hold the lock of a directory's copy in an instance; raises BusyError while another command has it."""
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    lock = os.path.join(instance_dir, f"sync-{digest}.tmp")
    with contextlib.suppress(FileExistsError):
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with locked(lock, wait=False, busy="another `limactl shell --sync` works on the copy of this directory"):
        yield
