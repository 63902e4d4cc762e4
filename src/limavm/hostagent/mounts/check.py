"""Whether a mount can be added to a running machine: the rules of the configuration, and those of a run."""

from collections.abc import Collection

from msgspec.structs import replace

from limavm.config import hostchecks
from limavm.config.checkmounts import check_mounts
from limavm.config.flaw import Flaws
from limavm.errors import UserError
from limavm.model.config import Config, Mount
from limavm.model.host import HostFacts
from limavm.model.mount import clean_point

#: Each is two processes on the host and three in the guest.
MOST = 64
#: What a message speaks of where the configuration would have named its key.
_WHAT = {"location": "the directory of the host", "mountPoint": "the place in the guest"}


def ensure_possible(mount: Mount, config: Config, host: HostFacts, taken: Collection[str]) -> None:
    """Raise UserError when a mount cannot be added beside those at the points in `taken`."""
    if config.plain or config.os != "Linux":
        what = "a plain instance has" if config.plain else f"guests that run {config.os} have"
        raise UserError(f"{what} no mounts", hint="use `limactl copy`")
    point = clean_point(mount.mount_point)
    one = replace(config, mounts=(replace(mount, mount_point=point),), networks=(), provision=())
    flaws = Flaws()
    check_mounts(one, host, flaws)
    keys = [str(flaw.path[-1]) for flaw in flaws.found]
    found = [f"{_WHAT.get(key, key)} {flaw.message}" for key, flaw in zip(keys, flaws.found, strict=True)]
    found += [flaw.message for flaw in hostchecks.problems(one).found]  # these begin with the path
    if not mount.mount_point.startswith("/"):
        raise UserError(f"the mount point {mount.mount_point!r} is not an absolute path")
    if found:
        raise UserError("; ".join(found))
    if ".." in point.split("/"):
        raise UserError(f"the mount point {mount.mount_point!r} has `..` in it")
    if point in taken:
        raise UserError(f"{point} is a mount already", hint="`limactl umount` takes it away")
    if len(taken) >= MOST:
        raise UserError(f"there are {MOST} mounts already")
