"""Which directories are watched: all below some, as far as the kernel has watches.

Links are not followed, and the kernel's own file systems are left out when the whole host is mounted.
"""

import collections
import errno
import logging
import os
from collections.abc import Callable, Mapping

from limavm.hostagent.inotify import kernel
from limavm.hostagent.inotify.changes import Sign
from limavm.hostagent.inotify.guestpaths import is_below
from limavm.hostagent.inotify.kernel import Inotify

log = logging.getLogger(__name__)

#: Which directory a path leads to, by device and number; `None` for none.
Identity = tuple[int, int] | None

#: Directories that are looked at before events are read again.
_AT_ONCE = 64
#: Watches cost memory of the kernel and of ours; other programs of the user need some as well.
_MOST = 500_000
_SHARE = 3, 4
#: Nothing that is there already is news.
NOTHING = float("inf")
_NOT_FILES = frozenset(("/proc", "/sys", "/dev"))


class Directories:
    """Those that are watched by their watch, and those that are still to be watched and looked into.

    For one thread. `tops` are those that everything is below; one that has gone is None there. `changed` is called
    with what is found to be news.
    """

    def __init__(
        self, changed: Callable[[str, Sign], object], *, make: Callable[[], Inotify], most: int | None = None
    ) -> None:
        """Raises OSError when there can be no inotify."""
        self._changed = changed
        self._make = make
        self.inotify = make()
        self._most = _fair_share() if most is None else most
        self.tops: dict[str, Identity] = {}
        self._watched: dict[int, str] = {}
        #: Directories to watch, and from when on what has changed in them is news, in seconds since 1970.
        self._todo: collections.deque[tuple[str, float]] = collections.deque()
        self._is_full = False
        self._has_told = False
        self._refused = 0

    def __len__(self) -> int:
        """How many are watched."""
        return len(self._watched)

    @property
    def is_done(self) -> bool:
        """Whether none is still to be watched."""
        return not self._todo

    def of(self, watch: int) -> str | None:
        """The directory that is watched as `watch`."""
        return self._watched.get(watch)

    def add(self, directory: str, since: float) -> None:
        """Watch one and all below, as soon as there is time; what has changed in them since then is news."""
        self._todo.append((directory, since))

    def forget(self, top: str) -> None:
        """Watch one and all below no more."""
        for watch, directory in list(self._watched.items()):
            if is_below(directory, top):
                del self._watched[watch]
                self.inotify.unwatch(watch)

    def ignored(self, watch: int) -> None:
        """The kernel has ended a watch."""
        self._has_gone(self._watched.pop(watch))

    def end_with(self, wanted: Mapping[str, Identity]) -> None:
        """Watch nothing any more that is below a top which is not wanted, or is another directory by now."""
        for top in [top for top, identity in self.tops.items() if wanted.get(top) != identity]:
            self.forget(top)
            self._is_full = False

    def begin_anew(self, since: float) -> None:
        """Events were lost: watch everything again; what has changed since then is news."""
        log.debug("inotify has lost events; %d directories are looked at", len(self._watched))
        self.inotify.close()
        self.inotify = self._make()
        self._watched.clear()
        # If this happens while changes are looked for, they are still to be found.
        since = min(since, min((since for _, since in self._todo), default=NOTHING))
        self._todo = collections.deque((top, since) for top in self.tops)
        self._is_full = False

    def work(self, is_ending: Callable[[], bool]) -> None:
        """Watch some of those that are to be watched."""
        for _ in range(_AT_ONCE):
            if not self._todo or is_ending():
                return
            # The last first: that needs the least room in deep trees.
            directory, since = self._todo.pop()
            if any(is_below(directory, top) for top in self.tops) and self._watch(directory):
                self._look_into(directory, since)
        if not self._todo:
            log.debug("%d directories are watched", len(self._watched))

    def _has_gone(self, directory: str) -> None:
        """If it is a top, another one may come by its name, and even get its number."""
        if directory in self.tops:
            self.tops[directory] = None

    def _watch(self, directory: str) -> bool:
        """Whether it is there and can be read."""
        if self._is_full:
            return True
        if len(self._watched) >= self._most:
            self._tell_full()
            return True
        try:
            self._watched[self.inotify.watch(directory)] = directory
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self._tell_full()
                return True
            self._has_gone(directory)
            if error.errno in (errno.EACCES, errno.EPERM):
                self._refused += 1
                if self._refused == 1:
                    log.warning(
                        "mountInotify: %s cannot be watched: %s (others like it are not told)", directory, error
                    )
            return False
        return True

    def _tell_full(self) -> None:
        self._is_full = True
        if self._has_told:
            return
        self._has_told = True
        log.warning(
            "mountInotify: %d directories are watched, and more cannot be: changes in the others do not reach the "
            "guest; mount less, or run `sudo sysctl fs.inotify.max_user_watches=%d`",
            len(self._watched),
            max(2 * kernel.limit("watches"), 524_288),
        )

    def _look_into(self, directory: str, since: float) -> None:
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    self._look_at(entry, since)
        except OSError as error:
            log.debug("%s cannot be read: %s", directory, error)

    def _look_at(self, entry: "os.DirEntry[str]", since: float) -> None:
        try:
            is_directory = entry.is_dir(follow_symlinks=False)
            if is_directory and entry.path not in _NOT_FILES and not (self._is_full and since == NOTHING):
                self._todo.append((entry.path, since))
            if since == NOTHING:
                return
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return  # it has gone
        if max(status.st_mtime, status.st_ctime) >= since:
            self._changed(entry.path, Sign.NAMED)


def _fair_share() -> int:
    most, of = _SHARE
    watches = kernel.limit("watches")
    return min(watches * most // of, _MOST) if watches else _MOST
