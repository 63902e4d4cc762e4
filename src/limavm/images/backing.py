"""Overlays that name their `basedisk` by an absolute path, as Lima before 2.1 made them, learn to find it beside them.

Without that a clone would lean on the base of its original, and an instance under another name on nothing.
"""

import os

from limavm.host import paths
from limavm.images import qcow2
from limavm.images.formats import Format, detect_format
from limavm.images.qemuimg import qemu_img


def lean_on_neighbour(directory: str, former: str) -> None:
    """Let the disks in `directory` that name `basedisk` in the directory `former` name the one beside them.

    Only the name in the header changes; nothing happens to a disk that refers to anything else, which is for
    the next start to judge. The caller holds the instance.
    """
    base = os.path.join(os.path.realpath(former), paths.BASE_DISK)
    for name in (paths.DISK, paths.DIFF_DISK):
        disk = os.path.join(directory, name)
        if os.path.isfile(disk) and not os.path.islink(disk) and _is_absolute_overlay(disk, base):
            form = detect_format(os.path.join(directory, paths.BASE_DISK))
            qemu_img("rebase", "-q", "-u", "-f", "qcow2", "-F", form.value, "-b", paths.BASE_DISK, disk)


def _is_absolute_overlay(disk: str, base: str) -> bool:
    if detect_format(disk) is not Format.QCOW2:
        return False
    try:
        backing = qcow2.read_header(disk).backing
    except ValueError:
        return False
    if not os.path.isabs(backing):
        return False
    return os.path.join(os.path.realpath(os.path.dirname(backing)), os.path.basename(backing)) == base
