"""Makes an instance that is a copy of another one: nothing, or all of it (spec/runtime.md 2.7).

The copy is made in a hidden directory that becomes the instance when it is complete; what a killed command left
of it is swept by the next one. Which files it gets, and why, is told by `belongings`. Original and clone share what
the disk holds now, by extents where the file system can, else by a layer.
"""

import contextlib
import os
from collections.abc import Callable, Iterator

from limavm.errors import UserError
from limavm.host import files, paths
from limavm.host.hints import hint_of
from limavm.host.process import ProcessError
from limavm.images import layers
from limavm.images.backing import lean_on_neighbour
from limavm.instance.another import resolved_for
from limavm.instance.belongings import Fate, Item, for_clone
from limavm.instance.configuration import configuration
from limavm.instance.edit import Original
from limavm.model.config import Config
from limavm.model.report import Reporter
from limavm.store import instances


def clone(original: Original, new: str, text: bytes, *, report: Reporter) -> None:
    """Make the instance `new` with the text `text` and copies of the files of the original, which is held.

    Raises UserError when the name, the text or the disk of this host will not do; nothing is left then.
    """
    source, target = original.directory, paths.instance_dir(new)
    assert source is not None
    name = os.path.basename(source)
    config, cloud_config = resolved_for(new, original, text, report)
    for warning in collisions(configuration(source), config, name, new):
        report.warning(warning)
    with _told(new), instances.created(new) as copy:
        _fill(copy, source, report)
        files.write_atomic(os.path.join(copy, paths.LIMA_YAML), text)
        files.write_atomic(os.path.join(copy, paths.CLOUD_CONFIG), cloud_config, 0o444)
    report.info(f"Cloned {name!r} to {new!r} ({target})")


def _fill(copy: str, source: str, report: Reporter) -> None:
    """Take along what a clone gets; all of it is on the disk afterwards."""
    disk = os.path.join(source, paths.DISK)
    if os.path.isfile(disk) and not files.shares_extents(disk, copy):
        _share_by_layer(source, disk, report)
    items = list(for_clone(source))
    total = sum(item.size for item in items if item.fate is Fate.COPIED)
    with report.transfer(f"Copying the instance {os.path.basename(source)!r}", total) as transfer:
        for item in items:
            _take(item, source, copy, transfer.advance)
    for item in items:
        if item.is_directory:
            files.sync_directory(os.path.join(copy, item.path))
    lean_on_neighbour(copy, source)


def _share_by_layer(source: str, disk: str, report: Reporter) -> None:
    if not layers.freeze(source) and (count := layers.snapshots_in(disk)):
        report.info(f"The disk is copied as a whole, since it holds snapshots ({count}), which cannot be shared here")


def collisions(original: Config, copy: Config, name: str, new: str) -> list[str]:
    """What the configurations of an instance and its clone have in common that only one can use at a time."""
    found = []
    if (port := copy.ssh.local_port) and port == original.ssh.local_port:
        found.append(
            f"{name!r} and {new!r} both have the ssh port {port}, so that only one of them can run at a time; "
            f"`limactl edit --ssh-port=0 {new}` gives it one that is free"
        )
    taken = {network.mac_address.lower() for network in original.networks}
    found += [
        f"{name!r} and {new!r} both have the MAC address {network.mac_address}; give {new!r} another one"
        for network in copy.networks
        if network.mac_address.lower() in taken
    ]
    return found


def _take(item: Item, source: str, copy: str, advance: Callable[[int], None]) -> None:
    original, target = os.path.join(source, item.path), os.path.join(copy, item.path)
    if item.link:
        os.symlink(item.link, target)
    elif item.is_directory:
        os.mkdir(target)
        os.chmod(target, item.mode & 0o777 | 0o700)
    elif item.fate is Fate.EMPTIED:
        files.write_atomic(target, b"", item.mode & 0o777)
    elif item.fate is Fate.LINKED:
        files.link_or_clone(original, target)
    else:
        files.clone(original, target, advance=advance)
        os.chmod(target, item.mode & 0o777)


@contextlib.contextmanager
def _told(new: str) -> Iterator[None]:
    """Errors of the system, a full disk above all, as errors for the user."""
    what = f"the instance {new!r} cannot be made, and nothing is left of it"
    try:
        yield
    except ProcessError as error:
        raise UserError(f"{what}: {error.message}", where=error.where, hint=error.hint) from error
    except OSError as error:
        where = os.fsdecode(error.filename) if error.filename else None
        raise UserError(f"{what}: {error.strerror or error}", where=where, hint=hint_of(error.errno)) from error
