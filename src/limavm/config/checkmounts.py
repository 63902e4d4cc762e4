"""The checks of `mounts`, which the host agent makes too when one is added to a machine that runs."""

import posixpath

from limavm.config.errors import Path
from limavm.config.flaw import Flaws
from limavm.model.config import Config
from limavm.model.host import HostFacts
from limavm.model.size import format_size, parse_size

#: PATH_MAX of Linux, without the byte that ends it.
_LONGEST_PATH = 4095
_RESERVED_POINTS = ("/", "/bin", "/dev", "/etc", "/home", "/opt", "/sbin", "/tmp", "/usr", "/var")  # noqa: S108


def check_mounts(config: Config, facts: HostFacts, flaws: Flaws) -> None:
    """Locations that are no paths, and mount points that the guest needs for itself, or that are given twice."""
    taken: dict[str, int] = {}
    for index, mount in enumerate(config.mounts):
        path: Path = ("mounts", index)
        absolute = mount.location.startswith("/") or (facts.os == "windows" and mount.location[1:3] in (":\\", ":/"))
        if mount.location.startswith("~"):
            flaws.add("cannot name the home directory of another user", *path, "location")
        else:
            flaws.unless(absolute, f"must be absolute or begin with ~, not {mount.location!r}", *path, "location")
        point = mount.mount_point
        plain = _plain(point)
        if plain in _RESERVED_POINTS:
            flaws.add(f"cannot be {point}, which the guest needs for itself", *path, "mountPoint")
        elif (first := taken.setdefault(plain, index)) != index:
            flaws.add(f"is the place of mounts[{first}] already, written otherwise", *path, "mountPoint")
        flaws.unless(
            plain != _plain(config.user.home), "cannot be the home directory of the guest", *path, "mountPoint"
        )
        flaws.unless(not point.startswith("~"), "cannot begin with ~; use {{.Home}}", *path, "mountPoint")
        flaws.unless(not set("\n\r\0") & set(point), "cannot have a line break in it", *path, "mountPoint")
        length = len(point.encode(errors="surrogateescape"))
        flaws.unless(length <= _LONGEST_PATH, f"has {length} bytes, more than any path", *path, "mountPoint")
        check_size(mount.ninep.msize, flaws, *path, "9p", "msize")


def _plain(point: str) -> str:
    """A place in the guest without needless slashes and dots, so that two names of it are equal."""
    return "/" + posixpath.normpath(point).strip("/") if point.startswith("/") else point


def check_size(text: str, flaws: Flaws, *path: str | int, least: int = 0) -> None:
    """A text that is no size, or one of less than `least` bytes."""
    try:
        size = parse_size(text)
    except ValueError as error:
        flaws.add(str(error), *path)
    else:
        short = f"{text} is less than {format_size(least)}; a number without a unit is bytes"
        flaws.unless(size >= least, short, *path)
