"""Where the guest sees a file of the host: pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class View(NamedTuple):
    """A directory of the host, by a path without links, and where the guest has mounted it."""

    real: str
    mount_point: str


def guest_paths(views: Sequence[View], path: str) -> list[str]:
    """Each path by which the guest reaches this file of the host.

    It may lie in several mounts, one within the other; and a mount hides what another has below its mount point.
    """
    found: list[str] = []
    for view in views:
        if is_below(path, view.real):
            there = _joined(view.mount_point, path[len(view.real.rstrip("/")) :])
            if _mounted_at(views, there) == view:
                found.append(there)
    return list(dict.fromkeys(found))


def is_below(path: str, directory: str) -> bool:
    """Whether a path is that of the directory, or of something in it."""
    stem = directory.rstrip("/")
    return path == stem or path.startswith(stem + "/")


def tops(directories: Iterable[str]) -> list[str]:
    """Those that are not within another one, in order."""
    wanted = list(dict.fromkeys(directories))
    return [path for path in wanted if not any(is_below(path, other) for other in wanted if other != path)]


def _mounted_at(views: Sequence[View], there: str) -> View | None:
    """The mount to which a path of the guest leads."""
    leading = [view for view in views if is_below(there, view.mount_point)]
    return max(leading, key=lambda view: len(view.mount_point.rstrip("/")), default=None)


def _joined(mount_point: str, rest: str) -> str:
    return (mount_point.rstrip("/") + rest).rstrip("/") or "/"
