"""The mounts of an instance that runs, for `limactl mount` and `umount`: shown, added, removed, examined."""

import secrets
from collections.abc import Generator, Iterator, Sequence

from limavm.errors import UserError
from limavm.hostagent.client import add_mount, remove_mount, watch_mounts
from limavm.hostagent.client import mounts as ask_mounts
from limavm.instance.inspect import inspect
from limavm.instance.running import agent_socket, until_it_stops
from limavm.instance.verify import verify
from limavm.instance.verify.guest import asked, command
from limavm.instance.verify.sides import Verdict
from limavm.model.config import Mount
from limavm.model.instance import Instance
from limavm.model.mount import NINEP, MountPhase, MountState, clean_point

#: Security models of 9p that keep permissions elsewhere than in the file's own mode.
_MAPPED = ("mapped-xattr", "mapped-file")


def mounts(name: str) -> tuple[MountState, ...]:
    """How the mounts stand; raises UserError when the instance does not run."""
    return ask_mounts(agent_socket(name))


def watch(name: str) -> Generator[tuple[MountState, ...], None, None]:
    """The same again at each change, until the instance is stopped.

    Raises UserError when the instance does not run, or its agent ends in disorder.
    """
    yield from until_it_stops(name, watch_mounts(agent_socket(name)))


def add(name: str, mount: Mount) -> MountState:
    """Mount a directory of the host in the guest; raises UserError, and nothing is mounted then."""
    return add_mount(agent_socket(name), mount)


def remove(name: str, mount_point: str, *, force: bool = False) -> None:
    """Take a mount away; with `force` also from programs that use it. Raises UserError."""
    remove_mount(agent_socket(name), mount_point, force=force)


def examined(name: str, mount_points: Sequence[str], *, seconds: float) -> Iterator[Verdict]:
    """The verdict for each of the mounts, or for all, one after the other; raises UserError."""
    chosen = _chosen(name, mounts(name), mount_points)
    instance = inspect(name)
    for mount in chosen:
        yield _examined(instance, mount, seconds)


def _chosen(name: str, known: Sequence[MountState], wanted: Sequence[str]) -> list[MountState]:
    points = {mount.mount_point: mount for mount in known}
    wanted = [clean_point(point) if point.startswith("/") else point for point in wanted]
    for point in wanted:
        if point not in points:
            raise unknown(name, point, known)
    chosen = [points[point] for point in wanted] if wanted else list(known)
    if not chosen:
        raise UserError(f"the instance {name!r} has no mounts", hint=f"`limactl mount {name} DIRECTORY` adds one")
    for mount in chosen:
        if mount.phase is not MountPhase.MOUNTED:
            reason = f": {mount.reason}" if mount.reason else ""
            raise UserError(f"{mount.mount_point} is not mounted now ({mount.phase.value}{reason})", where=name)
    return chosen


def unknown(name: str, point: str, known: Sequence[MountState]) -> UserError:
    """The error for a mount point that is none; it names those that there are."""
    there = ", ".join(mount.mount_point for mount in known)
    hint = f"mounted are: {there}" if there else f"`limactl mount {name} DIRECTORY` adds a mount"
    return UserError(f"nothing is mounted at {point!r} by limactl", where=f"instance {name!r}", hint=hint)


def _examined(instance: Instance, mount: MountState, seconds: float) -> Verdict:
    configured = instance.config.mounts if instance.config else ()
    known = next((one for one in configured if clean_point(one.mount_point) == mount.mount_point), None)
    links = known is None or not known.sshfs.follow_symlinks
    modes = mount.type != NINEP or known is None or known.ninep.security_model not in _MAPPED
    ssh = ["ssh", "-F", instance.ssh_config_file, instance.hostname, "--"]

    def attempt(*, root: bool) -> Verdict:
        with asked([*ssh, command(root=root)]) as guest:
            seed = secrets.randbits(32)
            return verify(mount, guest, seconds=seconds, seed=seed, links=links, modes=modes)

    # Where a file system keeps owners, the files of the host's user need not be those of the guest's.
    verdict = attempt(root=False)
    return attempt(root=True) if verdict.denied else verdict
