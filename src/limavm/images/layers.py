"""Layers: what a disk held when a clone was made, which original and clone go on reading and nobody writes to again.

A disk becomes a layer under a name of its own, and an empty overlay takes its place. Directories share a layer by hard
links, so it lasts as long as the last one that has it, in whichever order they are removed. To QEMU and to Lima this is
a chain of backing files in one directory.
"""

import os
import re
import secrets
from collections.abc import Iterator

from limavm.host import files, paths
from limavm.images import qcow2
from limavm.images.formats import Format, detect_format
from limavm.images.qemuimg import qemu_img

_PREFIX = "layer-"
#: Matches the names of layers, in the manner of shells.
PATTERN = _PREFIX + "[0-9a-f]" * 16
_NAME = re.compile(PATTERN)
#: A disk that takes less is copied more cheaply.
_SMALL = 4 << 20
#: Each layer costs QEMU a lookup for what was never written since.
_DEEPEST = 16
#: Bits of `incompatible` that say how the file is made, not that something is wrong with it: compression, L2 entries.
_HARMLESS = 0b11000


def freeze(directory: str) -> bool:
    """Make the disk in `directory` a layer beneath a new, empty disk; whether that was worth it, and possible.

    A kill leaves the disk as it was, or the new one; the caller holds the instance, and no machine runs. Raises OSError
    (a full disk of this host, a read-only directory) and ProcessError; the disk is as it was then.
    """
    disk = os.path.join(directory, paths.DISK)
    _sweep(directory, disk)
    if not _may_freeze(disk):
        return False
    size = qcow2.read_header(disk).size
    layer = os.path.join(directory, _PREFIX + secrets.token_hex(8))
    try:
        os.link(disk, layer)
    except OSError:  # a file system without hard links
        return False
    try:
        files.sync_directory(directory)
        with files.replacing(disk, os.stat(disk).st_mode & 0o777) as partial:
            _overlay(os.path.basename(layer), partial, size)
    except BaseException:
        _sweep(directory, disk)  # which keeps it when the new disk is in place
        raise
    os.chmod(layer, 0o444)
    return True


def _overlay(base: str, target: str, size: int) -> None:
    qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, target, str(size))


def beneath(path: str) -> Iterator[str]:
    """The names of the files that a disk builds on, in its own directory; ends with one that is no layer of ours.

    Raises ValueError for a layer that is none, or builds on itself.
    """
    directory, seen = os.path.dirname(path), {os.path.basename(path)}
    while detect_format(path) is Format.QCOW2 and (name := qcow2.read_header(path).backing):
        if name in seen:
            raise ValueError(f"it builds on itself: {name!r}")
        seen.add(name)
        yield name
        if not is_layer(name):
            return
        path = os.path.join(directory, name)


def is_layer(name: str) -> bool:
    """Whether a file has the name of a layer."""
    return _NAME.fullmatch(name) is not None


def _may_freeze(disk: str) -> bool:
    if os.path.islink(disk) or not os.path.isfile(disk) or detect_format(disk) is not Format.QCOW2:
        return False
    if getattr(os.stat(disk), "st_blocks", 0) * 512 < _SMALL:
        return False
    try:
        header, found = qcow2.read_header(disk), list(beneath(disk))
    except (ValueError, FileNotFoundError):
        return False
    # Snapshots are kept in the file, and belong to the disk that people see.
    if header.snapshots or header.encryption or header.data_file or header.incompatible & ~_HARMLESS:
        return False
    return len(found) < _DEEPEST and all(is_layer(name) or name == paths.BASE_DISK for name in found)


def snapshots_in(disk: str) -> int:
    """How many snapshots a disk holds, which keep it from becoming a layer; 0 for what is no qcow2."""
    try:
        return qcow2.read_header(disk).snapshots
    except ValueError:
        return 0


def _sweep(directory: str, disk: str) -> None:
    """Remove the second name of the disk that a killed command left: nothing needs it while both are the same file."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if is_layer(name) and not os.path.islink(path) and os.path.exists(disk) and os.path.samefile(path, disk):
            os.unlink(path)
