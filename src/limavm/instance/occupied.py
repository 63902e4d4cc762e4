"""What limavm's things occupy on this host: instances, data disks, what is in the cache, and leftovers.

Nothing is held meanwhile: what changes during the look may be counted as it was or as it is.
"""

import enum
import os

from limavm.host import paths
from limavm.host.space import spaces
from limavm.images import inventory
from limavm.images.snapshotsize import snapshot_sizes
from limavm.model.space import FileSpace, Pools
from limavm.model.value import Value
from limavm.store import instances

_DISKS = "_disks"


class Kind(enum.StrEnum):
    """What a thing is."""

    INSTANCE = "instance"
    SNAPSHOT = "snapshot"
    DISK = "disk"
    LEFTOVER = "leftover"
    DOWNLOAD = "download"
    BUILD = "build"
    OTHER = "cache"


class Thing(Value, frozen=True, kw_only=True):
    """Something that is deleted as a whole. `piece`: as the cache knows it."""

    kind: Kind
    name: str
    paths: tuple[str, ...]
    piece: inventory.Piece | None = None


class Item(Value, frozen=True, kw_only=True):
    """What a thing occupies, in bytes: `own` would be free without it, `shared` is what others hold as well.

    A snapshot is a part of its instance: what it holds is counted there, and would be free in the instance's disk.
    """

    kind: Kind
    name: str
    path: str
    occupied: int
    shared: int
    own: int


class Usage(Value, frozen=True, kw_only=True):
    """What things occupy. `total` counts each byte once; `prunable` is what `limactl prune` would free."""

    items: tuple[Item, ...]
    total: int
    prunable: int


def things() -> list[Thing]:
    """All that there is: instances, data disks, leftovers, then what is in the cache."""
    home, disks = paths.lima_home(), _disks_dir()
    found = [_thing(Kind.INSTANCE, name, paths.instance_dir(name)) for name in instances.names()]
    found += [_thing(Kind.DISK, name, os.path.join(disks, name)) for name in disk_names()]
    found += [_thing(Kind.LEFTOVER, name, os.path.join(home, name)) for name in instances.leftovers()]
    for piece in inventory.pieces():
        found.append(Thing(kind=Kind(piece.kind.value), name=piece.name, paths=piece.paths, piece=piece))
    return found


def _thing(kind: Kind, name: str, path: str) -> Thing:
    return Thing(kind=kind, name=name, paths=(path,))


def _disks_dir() -> str:
    return os.path.join(paths.lima_home(), _DISKS)


def disk_names() -> list[str]:
    """Names of all directories among the data disks, whole or not."""
    try:
        with os.scandir(_disks_dir()) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return []


def measured(found: list[Thing]) -> Pools:
    """What each of the things holds, by their positions."""
    return Pools([_files(thing) for thing in found])


def _files(thing: Thing) -> list[FileSpace]:
    return [file for path in thing.paths for file in spaces(path)]


def usage(names: list[str] | None = None) -> Usage:
    """What all things occupy, or the instances and data disks of these names; sharing is that among all of them."""
    found = things()
    pools = measured(found)
    shown = [number for number, thing in enumerate(found) if names is None or _is_named(thing, names)]
    items: list[Item] = []
    for number in shown:
        thing, part = found[number], pools.part(number)
        items.append(_item(thing.kind, thing.name, thing.paths[0], occupied=part.occupied, own=part.own))
        if thing.kind is Kind.INSTANCE:
            items += _snapshots(thing)
    cached = [number for number, thing in enumerate(found) if thing.piece]
    return Usage(items=tuple(items), total=pools.total(shown), prunable=pools.freed(cached))


def _item(kind: Kind, name: str, path: str, *, occupied: int, own: int) -> Item:
    return Item(kind=kind, name=name, path=path, occupied=occupied, shared=occupied - own, own=own)


def _snapshots(instance: Thing) -> list[Item]:
    """What the snapshots of an instance hold of its disk, which is a part of what the instance occupies."""
    disk = os.path.join(instance.paths[0], paths.DISK)
    try:
        sizes = snapshot_sizes(disk) if os.path.isfile(disk) else []
    except OSError:
        return []
    return [
        _item(Kind.SNAPSHOT, f"{instance.name}/{size.tag}", disk, occupied=size.occupied, own=size.own)
        for size in sizes
    ]


def _is_named(thing: Thing, names: list[str]) -> bool:
    return thing.kind in (Kind.INSTANCE, Kind.DISK) and thing.name in names
