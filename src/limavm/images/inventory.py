"""What the cache holds, piece by piece, and how a piece is removed: never while anybody uses it.

Downloads and builds are used under their locks, until they are linked into an instance. A piece that is half
removed by a killed command is one that is incomplete, and is downloaded or built again; the rest of the cache is
made again whenever it is missing (layout: spec/runtime.md 13.1, and `cache`, `build.entry`).
"""

import contextlib
import enum
import hashlib
import os
from collections.abc import Iterable, Iterator

from limavm.errors import UserError
from limavm.host import files, paths, platform
from limavm.host.trees import remove_tree
from limavm.images import cache
from limavm.images.build import entry as build_entry
from limavm.images.build.location import SCHEME, SUITES, is_build, parse_location
from limavm.images.build.run import make_recipe
from limavm.images.build.run import remove as remove_build
from limavm.model.arch import Arch
from limavm.model.value import Value


class Kind(enum.StrEnum):
    """What a piece of the cache is."""

    DOWNLOAD = "download"
    BUILD = "build"
    OTHER = "cache"


class Piece(Value, frozen=True, kw_only=True):
    """Something that goes as a whole. `key` is equal to one of `keys_of` for what a location stands for."""

    kind: Kind
    name: str
    key: str
    paths: tuple[str, ...]


def pieces() -> list[Piece]:
    """All that is in the cache: downloads, builds, and what else lies there."""
    return [*_downloads(), *_builds(), *_others()]


def keys_of(locations: Iterable[str]) -> set[str]:
    """The keys of what is downloaded or built for these locations; other locations have none."""
    found = set()
    for location in locations:
        if not is_build(location):
            found.add(_download_key(location))
        elif key := _build_key(location):
            found.add(key)
    return found


def remove(piece: Piece) -> None:
    """Remove a piece; raises BusyError while another command uses it, OSError or UserError when it cannot be removed.

    Harmless when it is gone.
    """
    match piece.kind:
        case Kind.DOWNLOAD:
            with contextlib.suppress(FileNotFoundError), files.locked(piece.paths[0], wait=False):
                remove_tree(piece.paths[0])
        case Kind.BUILD:
            with build_entry.removing(build_entry.builds_dir(), piece.key):
                for path in piece.paths:
                    _remove_built(path)
        case Kind.OTHER:
            for path in piece.paths:
                _remove_any(path)


def sweep(piece: Piece) -> None:
    """Remove what interrupted downloads have left in a download that stays; one that is in use is left alone."""
    with contextlib.suppress(FileNotFoundError), files.locked(piece.paths[0], wait=False):
        files.sweep(piece.paths[0], *cache.LEFTOVERS)


def remove_empty() -> None:
    """Remove the directories of the cache that hold nothing any more."""
    for path in (_downloads_dir(), os.path.dirname(_downloads_dir()), build_entry.builds_dir(), paths.cache_dir()):
        with contextlib.suppress(OSError):
            os.rmdir(path)


def _downloads_dir() -> str:
    return os.path.dirname(cache.entry_dir(""))


def _downloads() -> Iterator[Piece]:
    directory = _downloads_dir()
    for name in _listed(directory):
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path):
            yield Piece(kind=Kind.DOWNLOAD, name=_url(path) or name, key=name, paths=(path,))


def _url(entry: str) -> str:
    with contextlib.suppress(OSError):
        return (files.read_text(os.path.join(entry, "url")) or "").strip()
    return ""


def _builds() -> Iterator[Piece]:
    directory = build_entry.builds_dir()
    keys = build_entry.keys(directory)
    names = {_build_key(f"{SCHEME}{suite}"): f"{SCHEME}{suite}" for suite in SUITES} if keys else {}
    for key in keys:
        places = tuple(build_entry.places(directory, key))
        yield Piece(kind=Kind.BUILD, name=names.get(key, f"{SCHEME}{key[:12]}"), key=key, paths=places)


def _others() -> Iterator[Piece]:
    """What has no lock: read as a whole, and made again when it is missing; and what others have put there."""
    root, downloads, builds = paths.cache_dir(), _downloads_dir(), build_entry.builds_dir()
    for directory, apart in (
        (root, {os.path.dirname(downloads), builds}),
        (os.path.dirname(downloads), {downloads}),
        (downloads, {piece.paths[0] for piece in _downloads()}),
    ):
        for name in _listed(directory):
            path = os.path.join(directory, name)
            if path not in apart:
                yield Piece(kind=Kind.OTHER, name=os.path.relpath(path, root), key="", paths=(path,))


def _listed(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _download_key(location: str) -> str:
    return hashlib.sha256(location.encode(errors="surrogatepass")).hexdigest()


def _build_key(location: str) -> str:
    """Empty for a location that cannot be built here."""
    try:
        return make_recipe(parse_location(location), Arch(platform.host_arch())).key
    except (UserError, ValueError):
        return ""


def _remove_any(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        remove_tree(path)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _remove_built(path: str) -> None:
    """Files of a build that was killed may belong to sub-IDs of the user, who then needs a namespace for them."""
    try:
        _remove_any(path)
    except PermissionError:
        remove_build(path)
