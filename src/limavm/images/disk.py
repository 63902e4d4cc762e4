"""The main disk of an instance: a qcow2 overlay on `basedisk`, or what Lima left (spec/runtime.md 2.2, 4.10).

Between the two there may be layers, which it shares with clones.
Nobody else uses the disk meanwhile: the caller holds the instance's lock, and no machine runs.
"""

import os
import time
from collections.abc import Callable

from limavm.errors import UserError
from limavm.host import files, paths
from limavm.host.process import ProcessError
from limavm.images import layers, qcow2
from limavm.images.convert import convert_args
from limavm.images.formats import Format, accept_image, detect_format, virtual_size
from limavm.images.qemuimg import qemu_img
from limavm.model.size import format_size

_SECTOR = 512
#: How long a lock on the image is waited for, in seconds.
_LOCK_LIMIT = 10.0


def ensure_disk(directory: str, size: int) -> None:
    """Make `disk` in `directory` exist with `size` bytes: created, or grown when it was smaller.

    Raises UserError when the disk or its image is larger already, when there is nothing to make it
    from, or when it refers to other files than `basedisk`.
    """
    files.sweep(directory, f"{paths.DISK}.*.tmp")
    disk = os.path.join(directory, paths.DISK)
    wanted = -(-size // _SECTOR) * _SECTOR
    _adopt_lima_layout(directory)
    if os.path.exists(disk):
        _grow(disk, wanted)
    else:
        _create(directory, disk, wanted)


def disk_format(path: str) -> str:
    """`qcow2` or `raw`, to be named to QEMU explicitly; no image is probed by QEMU itself.

    A guest can write a qcow2 header into its raw disk, to be shown a file of the host at the next
    start: so a disk that refers to anything but the `basedisk` and the layers beside it is refused with UserError.
    """
    if detect_format(path) is not Format.QCOW2:
        return Format.RAW.value
    directory = os.path.dirname(path)
    try:
        problems = _problems(path)
        for name in () if problems else layers.beneath(path):
            problems += _problems(os.path.join(directory, name)) if layers.is_layer(name) else []
    except (ValueError, FileNotFoundError) as error:
        raise _refused(path, [str(error)]) from error
    if problems:
        raise _refused(path, problems)
    return Format.QCOW2.value


def _problems(path: str) -> list[str]:
    backing = (header := qcow2.read_header(path)).backing
    return qcow2.flaws(header, backing_allowed=layers.is_layer(backing) or _is_base(path, backing))


def _is_base(path: str, backing: str) -> bool:
    directory = os.path.realpath(os.path.dirname(path))
    named = os.path.join(directory, backing)
    return os.path.join(os.path.realpath(os.path.dirname(named)), os.path.basename(named)) == os.path.join(
        directory, paths.BASE_DISK
    )


def _refused(path: str, problems: list[str]) -> UserError:
    return UserError(
        "the disk is refused: " + "; ".join(problems),
        where=path,
        hint="a machine may have written this into its own disk; nothing was started",
    )


def _adopt_lima_layout(directory: str) -> None:
    """Make what other versions of Lima left reachable as `disk` and `iso` (spec/runtime.md 2.2 step 3)."""
    disk, iso, base, image = (
        os.path.join(directory, name) for name in (paths.DISK, paths.ISO, paths.BASE_DISK, paths.IMAGE)
    )
    if not os.path.lexists(disk) and os.path.exists(os.path.join(directory, paths.DIFF_DISK)):
        os.symlink(paths.DIFF_DISK, disk)
    if not os.path.lexists(iso) and os.path.exists(base) and detect_format(base) is Format.ISO9660:
        os.symlink(paths.BASE_DISK, iso)
    if not os.path.lexists(disk) and os.path.exists(image) and not os.path.exists(base):
        _take_image(image, disk, iso)


def _take_image(image: str, disk: str, iso: str) -> None:
    """Lima's `image` becomes `disk` itself, or `iso`, which goes beside an empty disk."""
    found = accept_image(image)
    match found:
        case Format.ISO9660:
            os.replace(image, iso)
        case Format.QCOW2 | Format.RAW:
            os.replace(image, disk)
        case _:
            with files.replacing(disk) as partial:
                qemu_img(*convert_args(image, found, partial))
            os.unlink(image)


def _create(directory: str, disk: str, size: int) -> None:
    base, iso = os.path.join(directory, paths.BASE_DISK), os.path.join(directory, paths.ISO)
    overlay: list[str] = []
    if not os.path.exists(iso):
        if not os.path.exists(base):
            raise UserError("there is no image to make the disk from", where=base, hint="start the instance again")
        overlay = ["-F", _base_format(base, size), "-b", paths.BASE_DISK]
    with files.replacing(disk, 0o644) as partial:
        # A relative backing file is found from the overlay's directory, wherever that moves to.
        qemu_img("create", "-q", "-f", "qcow2", *overlay, partial, str(size))


def _base_format(base: str, size: int) -> str:
    found = accept_image(base)
    smallest = virtual_size(base, found)
    if smallest > size:
        raise UserError(
            f"the image is larger than the disk: {_shown(smallest)}, and `disk` is {_shown(size)}",
            where=base,
            hint=f"set `disk` to {format_size(smallest)} or more",
        )
    return found.value


def _grow(disk: str, size: int) -> None:
    """Give the disk its configured size.

    A kill in the middle is harmless: qemu-img writes a larger L1 table elsewhere in the file before
    the header refers to it, and a raw file has its old or its new length.
    """
    current = check_size(disk, size)
    if size > current:
        _unlocked(lambda: qemu_img("resize", "-q", "-f", disk_format(disk), disk, str(size)))


def check_size(disk: str, size: int) -> int:
    """The bytes that the disk at a path has, 0 when there is none yet; raises UserError when `size` is less."""
    if not os.path.exists(disk):
        return 0
    current = virtual_size(disk, Format(disk_format(disk)))
    if size < current:
        raise UserError(
            f"a disk cannot shrink: it has {_shown(current)}, and `disk` is {_shown(size)}",
            where=disk,
            hint=f"set `disk` to {format_size(current)}, or make a new instance",
        )
    return current


def _unlocked(resize: Callable[[], object]) -> None:
    """Do it as soon as nobody locks the image: the qemu-img of a killed command may take a moment to end."""
    deadline = time.monotonic() + _LOCK_LIMIT
    pause = 0.02
    while True:
        try:
            resize()
        except ProcessError as error:
            if "lock" not in error.stderr or time.monotonic() > deadline:
                raise
            time.sleep(pause)
            pause = min(pause * 2, 1.0)
        else:
            return


def _shown(size: int) -> str:
    return f"{format_size(size)} ({size} bytes)"
