"""Empties the cache, or keeps in it what instances and templates refer to (spec/cli.md 6.12, runtime.md 13.4).

Instances have what they need in their own directories. What a running command is using at the moment is left
alone, and said; what others need of it stays on the disk, as they hold links to it.
"""

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator

from limavm.errors import BusyError, NotFoundError, UserError
from limavm.host import paths
from limavm.images import inventory
from limavm.images.inventory import Kind, Piece
from limavm.instance import containerd
from limavm.instance.inspect import inspect
from limavm.instance.occupied import Thing, measured, things
from limavm.model.config import Config
from limavm.model.report import Reporter
from limavm.model.size import format_size
from limavm.model.value import Value
from limavm.store import instances

_WORDS = {Kind.DOWNLOAD: ("download", "downloads"), Kind.BUILD: ("local build", "local builds")}


class Referred(Value, frozen=True, kw_only=True):
    """The locations that instances or templates name. `all_known`: whether every one of these could be read."""

    locations: frozenset[str] = frozenset()
    all_known: bool = True

    def __or__(self, other: "Referred") -> "Referred":
        return Referred(locations=self.locations | other.locations, all_known=self.all_known and other.all_known)


def prune(kept: Referred | None, *, report: Reporter) -> int:
    """Remove the cache; with `kept` only downloads and builds that are none of these. Returns the bytes freed.

    When not all is known that is referred to, every download and build is kept. Raises UserError at the end for what
    could not be removed.
    """
    found = things()
    pools = measured(found)
    keep = None if kept is None else _kept_keys(kept, found)
    gone: list[int] = []
    failures: list[str] = []
    for number, thing in enumerate(found):
        if thing.piece is None:
            continue
        if _stays(thing.piece, keep):
            _sweep(thing.piece)
        elif _removed(thing.piece, failures, report):
            gone.append(number)
    if keep is None:
        inventory.remove_empty()
    freed, held = pools.freed(gone), pools.total(gone)
    if gone or not failures:
        report.info(told([piece for number in gone if (piece := found[number].piece)], freed, held - freed))
    if failures:
        raise UserError("not everything could be removed:" + "".join(f"\n- {failure}" for failure in failures))
    return freed


def _kept_keys(kept: Referred, found: Iterable[Thing]) -> set[str]:
    if kept.all_known:
        return inventory.keys_of(kept.locations)
    return {thing.piece.key for thing in found if thing.piece}


def referred(config: Config) -> Iterator[str]:
    """The locations that a configuration names: images, their kernels and initrds, firmware, archives."""
    for image in config.images:
        yield image.location
        yield from (file.location for file in (image.kernel, image.initrd) if file)
    yield from (file.location for file in config.firmware.images)
    yield from containerd.referred(config)


def unknown(what: str, problem: str) -> str:
    """The warning that nobody knows what something refers to."""
    return f"What {what} refers to is not known, so that all downloads and builds are kept: {problem}"


def referred_by_instances(report: Reporter) -> Referred:
    """The locations that instances name; one that cannot be read is warned of.

    Raises UserError for a directory that may be an instance and has no `lima.yaml`: it may be about to need them.
    """
    found = Referred()
    for name in filter(paths.is_instance_name, instances.names()):
        try:
            instance = inspect(name)
        except NotFoundError as error:
            if os.path.isdir(paths.instance_dir(name)):
                raise _unknown(name) from error
            continue  # it has just been deleted
        if instance.config is None:
            report.warning(unknown(f"the instance {name!r}", "; ".join(instance.errors)))
            found |= Referred(all_known=False)
        else:
            found |= Referred(locations=frozenset(referred(instance.config)))
    return found


def _unknown(name: str) -> UserError:
    return UserError(
        f"the directory {name!r} has no {paths.LIMA_YAML}, so that nobody knows what it refers to",
        where=paths.instance_dir(name),
        hint="remove it if it is none of an instance, or wait for who is making one; then try again",
    )


def told(gone: Collection[Piece], freed: int, held: int) -> str:
    """What was done, in a sentence: `Removed 2 downloads and other files of the cache; 1.2GiB are free now`."""
    if not gone:
        return "Nothing was removed from the cache"
    parts = []
    for kind, (one, many) in _WORDS.items():
        if count := sum(piece.kind is kind for piece in gone):
            parts.append(f"{count} {one if count == 1 else many}")
    if any(piece.kind is Kind.OTHER for piece in gone):
        parts.append("other files of the cache" if parts else "files of the cache")
    text = f"Removed {_listed(parts)}: freed {format_size(freed)}"
    return text + (f"; {format_size(held)} of it stay, as instances use them" if held else "")


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _stays(piece: Piece, keep: Collection[str] | None) -> bool:
    return keep is not None and (piece.kind is Kind.OTHER or piece.key in keep)


def _sweep(piece: Piece) -> None:
    if piece.kind is Kind.DOWNLOAD:
        with contextlib.suppress(BusyError):  # what it is about to download is no leftover
            inventory.sweep(piece)


def _removed(piece: Piece, failures: list[str], report: Reporter) -> bool:
    """Remove a piece; False when it stays, which is told, or noted as a failure."""
    try:
        inventory.remove(piece)
    except BusyError:
        report.info(f"Another command is using {piece.name}; it stays")
    except OSError as error:
        failures.append(f"{error.filename or piece.paths[0]}: {error.strerror or error}")
    except UserError as error:
        failures.append(f"{piece.paths[0]}: {error.message}")
    else:
        return True
    return False
