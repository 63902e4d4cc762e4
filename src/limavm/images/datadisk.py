"""The image of a data disk: made empty, taken from a file, grown, and looked at (spec/runtime.md 1.6, 13.5).

Nothing here knows names or who uses a disk, see `store.disks`; the caller holds the disk, and no machine has it.
"""

import os
import stat
from collections.abc import Callable

from limavm.errors import NotFoundError, UserError
from limavm.host import files
from limavm.host.process import find_program
from limavm.images import qcow2
from limavm.images.formats import Format, accept_image, detect_format, virtual_size
from limavm.images.qemuimg import qemu_img
from limavm.model.size import format_size

#: What a data disk can be.
FORMATS = (Format.QCOW2.value, Format.RAW.value)
_SECTOR = 512


def create(path: str, size: int, form: str) -> str:
    """Make an empty disk of `size` bytes, rounded up to whole sectors; returns its format.

    That is `raw` in any case where qemu-img is missing. Raises UserError for another format, or no size.
    """
    if form not in FORMATS:
        hint = f"use {' or '.join(FORMATS)}"
        raise UserError(f"a data disk cannot have the format {form[:40]!r}", where="--format", hint=hint)
    wanted = _whole(size)
    if form == Format.QCOW2 and find_program("qemu-img"):
        with files.replacing(path, 0o644) as partial:
            qemu_img("create", "-q", "-f", "qcow2", partial, str(wanted))
        return form
    with files.replacing(path, 0o644) as partial, open(partial, "wb") as file:
        file.truncate(wanted)
    return Format.RAW.value


def _whole(size: int) -> int:
    if size <= 0:
        raise UserError("a disk needs a size of more than 0 bytes", where="--size", hint="such as 10GiB")
    return -(-size // _SECTOR) * _SECTOR


def take(source: str, path: str, *, advance: Callable[[int], None] = lambda _: None) -> str:
    """Make a disk of a copy of the file `source`, which shares its extents where it can; returns its format.

    A raw one is filled up with zeros to a whole sector: a machine sees no part of one.

    Raises NotFoundError, UserError for what is no file, has another format or refers to other files.
    """
    try:
        mode = os.stat(source).st_mode
    except FileNotFoundError as error:
        raise NotFoundError("there is no such file", where=source) from error
    if not stat.S_ISREG(mode):
        raise UserError("only a file can become a disk", where=source, hint="copy a device into a file first")
    if not os.path.getsize(source):
        raise UserError("the file is empty", where=source, hint="`limactl disk create` makes an empty disk")
    found = accept_image(source)
    if found is Format.ISO9660:
        found = Format.RAW  # a disk with this file system on it
    if found.value not in FORMATS:
        hint = f"convert it: `qemu-img convert -O qcow2 {source} NEW.qcow2`"
        raise UserError(f"an image of the format {found.value} cannot become a disk", where=source, hint=hint)
    with files.replacing(path, 0o644) as partial:
        files.clone(source, partial, advance=advance)
        if found is Format.RAW:
            os.truncate(partial, _whole(os.path.getsize(partial)))
    return found.value


def inspect(path: str) -> tuple[str, int]:
    """Format and size in bytes of a data disk.

    Raises NotFoundError, UserError when it is damaged, or refers to other files: a machine may have written the
    header of a qcow2 into its raw disk, to be shown files of the host.
    """
    try:
        found = detect_format(path)
    except FileNotFoundError as error:
        raise NotFoundError("the disk has no image", where=path) from error
    if found is not Format.QCOW2:
        return Format.RAW.value, virtual_size(path, Format.RAW)
    try:
        header = qcow2.read_header(path)
    except ValueError as error:
        raise UserError(f"the disk is damaged: {error}", where=path) from error
    if flaws := qcow2.flaws(header):
        hint = "a machine may have written this into its own disk"
        raise UserError("the disk is refused: " + "; ".join(flaws), where=path, hint=hint)
    return found.value, header.size


def grow(path: str, size: int) -> None:
    """Give a disk the size of `size` bytes, rounded up; a kill in the middle leaves the old size or the new.

    Raises UserError when it would shrink.
    """
    form, current = inspect(path)
    wanted = _whole(size)
    if wanted < current:
        shown, asked = (f"{format_size(one)} ({one} bytes)" for one in (current, wanted))
        raise UserError(f"a disk cannot shrink: it has {shown}, and would have {asked}", where=path)
    if wanted == current:
        return
    if form == Format.QCOW2 or find_program("qemu-img"):
        qemu_img("resize", "-q", "-f", form, path, str(wanted))
    else:
        os.truncate(path, wanted)
