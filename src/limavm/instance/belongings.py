"""What becomes of each file of an instance directory in a clone, and under another name.

What is about a run, or names the instance, is left behind and made anew at the next start; what no row names is
taken along, whoever put it there. Names: spec/runtime.md 1.2 and 2.7.
"""

import enum
import fnmatch
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from limavm.config import cache
from limavm.host import paths
from limavm.images import layers
from limavm.model.value import Value


class Fate(enum.Enum):
    """What a clone gets of a file: its own copy, the same file once more, an empty one, or none."""

    COPIED = enum.auto()
    LINKED = enum.auto()
    EMPTIED = enum.auto()
    LEFT = enum.auto()


class _Row(NamedTuple):
    """A file at the top of the directory. `leaves`: another name of the instance takes it away, too."""

    pattern: str
    fate: Fate
    why: str
    leaves: bool = False


_TABLE = (
    _Row(paths.CIDATA_ISO, Fate.LEFT, "names the instance; each start writes it", leaves=True),
    _Row("cidata", Fate.LEFT, "the same as a directory", leaves=True),
    _Row(paths.CLOUD_CONFIG, Fate.LEFT, "written for the new name", leaves=True),
    _Row(paths.SSH_CONFIG, Fate.LEFT, "names host, port and socket of the old name; each start writes it", leaves=True),
    _Row(paths.MACHINE_JSON, Fate.LEFT, "describes a run, by absolute paths; each start writes it", leaves=True),
    _Row(paths.FORWARDS_JSON, Fate.LEFT, "what is forwarded during a run", leaves=True),
    _Row(paths.MOUNTS_JSON, Fate.LEFT, "what was mounted and unmounted during a run", leaves=True),
    _Row(paths.ANSIBLE_INVENTORY, Fate.LEFT, "names the instance; each start writes it", leaves=True),
    _Row(paths.VNC_DISPLAY, Fate.LEFT, "where the window of a run is", leaves=True),
    _Row(paths.VNC_PASSWORD, Fate.LEFT, "a secret of a run", leaves=True),
    _Row(cache.FILE, Fate.LEFT, "is good for one path only", leaves=True),
    _Row("sock", Fate.LEFT, "sockets that are forwarded while it runs", leaves=True),
    _Row("mnt", Fate.LEFT, "a mount point of vz, empty between two uses", leaves=True),
    _Row(paths.TIMINGS_JSON, Fate.LEFT, "is about a start of the original"),
    _Row("*.log", Fate.LEFT, "tells what the original did"),
    _Row(paths.PROTECTED, Fate.LEFT, "the user protects an instance, not each of its copies"),
    _Row("swtpm", Fate.LEFT, "the secrets of a TPM are for one machine"),
    _Row("vz-identifier", Fate.EMPTIED, "tells machines apart, and its presence that vz made this one"),
    # Nothing writes to these: they are replaced as a whole, if at all. `image` is not among them: it may become `disk`.
    _Row(paths.BASE_DISK, Fate.LINKED, "the disk is an overlay on it"),
    _Row(layers.PATTERN, Fate.LINKED, "the disk is an overlay on them"),
    _Row(paths.ISO, Fate.LINKED, "read only, as every CD"),
    _Row(paths.CONTAINERD_ARCHIVE, Fate.LINKED, "read only, as every CD"),
    _Row(paths.KERNEL, Fate.LINKED, "read by the hypervisor"),
    _Row(paths.KERNEL_CMDLINE, Fate.LINKED, "read by the hypervisor"),
    _Row(paths.INITRD, Fate.LINKED, "read by the hypervisor"),
)


class Item(Value, frozen=True, kw_only=True):
    """A file, directory or link by its path from the instance directory. `size`: the bytes that it takes there."""

    path: str
    fate: Fate
    mode: int = 0o600
    size: int = 0
    #: Where a symbolic link is to lead.
    link: str = ""

    @property
    def is_directory(self) -> bool:
        """Whether to make a directory; its content follows."""
        return stat.S_ISDIR(self.mode)


def for_clone(directory: str) -> Iterator[Item]:
    """What a clone of the instance in `directory` gets, a directory before its content."""
    yield from _below(directory, "")


def leaving(directory: str) -> list[str]:
    """Names of what another name of the instance takes away: nothing in it says the old one afterwards."""
    return [name for name in sorted(os.listdir(directory)) if _leaves(name)]


def _leaves(name: str) -> bool:
    row = _row(name)
    return name.endswith(paths.DISPOSABLE) or (row is not None and row.leaves)


def _row(name: str) -> _Row | None:
    return next((row for row in _TABLE if fnmatch.fnmatchcase(name, row.pattern)), None)


def _fate(name: str, *, top: bool) -> Fate:
    if name.endswith(paths.DISPOSABLE):
        return Fate.LEFT
    row = _row(name) if top else None
    return row.fate if row else Fate.COPIED


def _below(directory: str, folder: str) -> Iterator[Item]:
    for name in sorted(os.listdir(os.path.join(directory, folder))):
        path = os.path.join(folder, name)
        fate = _fate(name, top=not folder)
        if fate is Fate.LEFT:
            continue
        item = _item(directory, path, fate)
        if item is not None:
            yield item
            if item.is_directory:
                yield from _below(directory, path)


def _item(directory: str, path: str, fate: Fate) -> Item | None:
    """None for what is no file: sockets and pipes belong to processes."""
    full = os.path.join(directory, path)
    info = os.lstat(full)
    if stat.S_ISLNK(info.st_mode):
        inside = link_inside(directory, full)
        if inside or not os.path.isfile(full):
            return Item(path=path, fate=fate, mode=info.st_mode, link=inside or os.readlink(full))
        # A file elsewhere, such as a `lima.yaml` that the user keeps among their own: the clone has its own.
        info, fate = os.stat(full), Fate.COPIED
    if not stat.S_ISREG(info.st_mode) and not stat.S_ISDIR(info.st_mode):
        return None
    return Item(path=path, fate=fate, mode=info.st_mode, size=getattr(info, "st_blocks", 0) * 512)


def link_inside(directory: str, link: str) -> str:
    """Where a link to something in `directory` leads, seen from the link itself; empty for one to elsewhere."""
    home, goal = os.path.realpath(directory), os.path.realpath(link)
    if not goal.startswith(home + os.sep):
        return ""
    return os.path.relpath(goal, os.path.realpath(os.path.dirname(link)))
