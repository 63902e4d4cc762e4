"""Watches directories and all directories in them, by inotify, in a thread of its own.

The kernel watches single directories. A new one is watched as soon as its name is told, and what was made in it
before that is found by looking. The kernel forgets events when they come faster than they are read (IN_Q_OVERFLOW):
then everything is watched anew, and what has changed since is found by its times. Neither happens at more than half
of a processor: the thread rests as long as it has worked.

Links are not followed, and the kernel's own file systems are left out when the whole host is mounted.
"""

import collections
import contextlib
import errno
import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping

from limavm.hostagent.inotify import kernel
from limavm.hostagent.inotify.changes import Sign
from limavm.hostagent.inotify.guestpaths import is_below
from limavm.hostagent.inotify.kernel import Event, Inotify

log = logging.getLogger(__name__)

#: Which directory a path leads to, by device and number; `None` for none.
Identity = tuple[int, int] | None

#: Directories that are looked at before events are read again.
_AT_ONCE = 64
#: The least and the longest rest, in seconds. What comes meanwhile is read at once, and much of it is the same.
_REST = (0.005, 0.5)
#: How far the times of files lag behind the clock, generously, in seconds.
_LAG = 2.0
#: Watches cost memory of the kernel and of ours; other programs of the user need some as well.
_MOST = 500_000
_SHARE = 3, 4
#: Nothing that is there already is news.
_NOTHING = float("inf")
_NOT_FILES = frozenset(("/proc", "/sys", "/dev"))
_NAMED = kernel.CREATE | kernel.DELETE | kernel.MOVED_FROM | kernel.MOVED_TO


class Tree(threading.Thread):
    """Calls back from its thread with the path of what has changed, and the sign of it.

    `inotify` makes what watches, and `most` is how many directories it may watch.
    """

    def __init__(
        self,
        changed: Callable[[str, Sign], object],
        *,
        inotify: Callable[[], Inotify] = Inotify,
        most: int | None = None,
    ) -> None:
        """Raises OSError when there can be no inotify."""
        super().__init__(name="inotify", daemon=True)
        self._changed = changed
        self._make = inotify
        self._inotify = inotify()
        self._most = _fair_share() if most is None else most
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        self._ending = False
        self._wanted: Mapping[str, Identity] = {}
        self._tops: dict[str, Identity] = {}
        self._directories: dict[int, str] = {}
        #: Directories to watch, and from when on what has changed in them is news, in seconds since 1970.
        self._todo: collections.deque[tuple[str, float]] = collections.deque()
        self._read_at = time.time()
        self._is_full = False
        self._has_told = False
        self._refused = 0

    def watch(self, tops: Mapping[str, Identity]) -> None:
        """Watch these directories, and no others, from now on; to be called again and again, as one may return."""
        self._wanted = tops
        self._awake()

    def close(self) -> None:
        """End the thread; a file system that does not answer may hold it for longer than this waits."""
        self._ending = True
        if self.ident is not None:
            self._awake()
            self.join(timeout=5)
        if not self.is_alive():
            self._inotify.close()
            self._woken.close()
            self._wake.close()

    @property
    def watched(self) -> int:
        """How many directories are watched."""
        return len(self._directories)

    def run(self) -> None:
        """Watch until closed."""
        while not self._ending:
            with selectors.DefaultSelector() as selector:
                selector.register(self._woken, selectors.EVENT_READ)
                inotify = self._inotify
                selector.register(inotify.fileno(), selectors.EVENT_READ)
                while self._inotify is inotify and not self._ending:
                    selector.select(0 if self._todo else None)
                    began = time.monotonic()
                    self._round()
                    time.sleep(min(max(time.monotonic() - began, _REST[0]), _REST[1]))

    def _round(self) -> None:
        self._follow()
        self._read()
        self._work()

    def _awake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is awake
            self._wake.send(b"!")

    def _follow(self) -> None:
        """Begin with what is wanted now, or is another directory than before, and end with what is not wanted."""
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(1000)
        wanted = self._wanted
        if wanted == self._tops:
            return
        for top in [top for top, identity in self._tops.items() if wanted.get(top) != identity]:
            self._forget(top)
            self._is_full = False
        for top, identity in wanted.items():
            if top not in self._tops:
                self._todo.append((top, _NOTHING))
            elif self._tops[top] != identity:
                self._changed(top, Sign.NAMED)
                if identity is not None:
                    self._todo.append((top, self._read_at - 2 * _LAG))
        self._tops = dict(wanted)

    def _read(self) -> None:
        now = time.time()
        for event in self._inotify.read():
            if event.mask & kernel.OVERFLOW:
                self._begin_anew()
                break
            self._take(event)
        else:
            self._read_at = now

    def _take(self, event: Event) -> None:
        directory = self._directories.get(event.watch)
        if directory is None:
            return
        if event.mask & kernel.IGNORED:
            del self._directories[event.watch]
            self._has_gone(directory)
            return
        if not event.name:
            self._changed(directory, Sign(0))
            return
        path = directory.rstrip("/") + "/" + event.name
        self._changed(path, _sign(event.mask))
        if event.mask & _NAMED:
            self._changed(directory, Sign.NAMED)
            if event.mask & kernel.IS_DIRECTORY:
                self._has_other_name(path, event.mask)

    def _has_other_name(self, path: str, mask: int) -> None:
        if mask & kernel.MOVED_FROM:
            self._forget(path)
        elif not mask & kernel.DELETE:  # the kernel itself ends the watch of one that is deleted
            self._todo.append((path, self._read_at - _LAG))

    def _has_gone(self, directory: str) -> None:
        """If it is a top, another one may come by its name, and even get its number."""
        if directory in self._tops:
            self._tops[directory] = None

    def _forget(self, top: str) -> None:
        for watch, directory in list(self._directories.items()):
            if is_below(directory, top):
                del self._directories[watch]
                self._inotify.unwatch(watch)

    def _begin_anew(self) -> None:
        """Events were lost: watch everything again, and tell what has changed since all of them were read."""
        log.debug("inotify has lost events; %d directories are looked at", len(self._directories))
        self._inotify.close()
        self._inotify = self._make()
        self._directories.clear()
        # If this happens while changes are looked for, they are still to be found.
        since = min(self._read_at - _LAG, min((since for _, since in self._todo), default=_NOTHING))
        self._todo = collections.deque((top, since) for top in self._tops)
        self._is_full = False

    def _work(self) -> None:
        for _ in range(_AT_ONCE):
            if not self._todo or self._ending:
                return
            # The last first: that needs the least room in deep trees.
            directory, since = self._todo.pop()
            if any(is_below(directory, top) for top in self._tops) and self._watch(directory):
                self._look_into(directory, since)
        if not self._todo:
            log.debug("%d directories are watched", len(self._directories))

    def _watch(self, directory: str) -> bool:
        """Whether it is there and can be read."""
        if self._is_full:
            return True
        if len(self._directories) >= self._most:
            self._tell_full()
            return True
        try:
            self._directories[self._inotify.watch(directory)] = directory
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
            len(self._directories),
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
            if is_directory and entry.path not in _NOT_FILES and not (self._is_full and since == _NOTHING):
                self._todo.append((entry.path, since))
            if since == _NOTHING:
                return
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return  # it has gone
        if max(status.st_mtime, status.st_ctime) >= since:
            self._changed(entry.path, Sign.NAMED)


def _sign(mask: int) -> Sign:
    sign = Sign(0)
    if mask & kernel.MODIFY:
        sign |= Sign.MODIFIED
    if mask & kernel.CLOSE_WRITE:
        sign |= Sign.CLOSED
    if mask & _NAMED:
        sign |= Sign.NAMED
    return sign


def _fair_share() -> int:
    most, of = _SHARE
    watches = kernel.limit("watches")
    return min(watches * most // of, _MOST) if watches else _MOST
