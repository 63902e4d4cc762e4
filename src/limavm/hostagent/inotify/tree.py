"""Watches directories and all directories in them, by inotify, in a thread of its own.

The kernel watches single directories. A new one is watched as soon as its name is told, and what was made in it
before that is found by looking. The kernel forgets events when they come faster than they are read (IN_Q_OVERFLOW):
then everything is watched anew, and what has changed since is found by its times. Neither happens at more than half
of a processor: the thread rests as long as it has worked.
"""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping

from limavm.hostagent.inotify import kernel
from limavm.hostagent.inotify.changes import Sign
from limavm.hostagent.inotify.directories import NOTHING, Directories, Identity
from limavm.hostagent.inotify.kernel import Event, Inotify

#: The least and the longest rest, in seconds. What comes meanwhile is read at once, and much of it is the same.
_REST = (0.005, 0.5)
#: How far the times of files lag behind the clock, generously, in seconds.
_LAG = 2.0
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
        self._directories = Directories(changed, make=inotify, most=most)
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        self._ending = False
        self._wanted: Mapping[str, Identity] = {}
        self._read_at = time.time()

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
            self._directories.inotify.close()
            self._woken.close()
            self._wake.close()

    @property
    def watched(self) -> int:
        """How many directories are watched."""
        return len(self._directories)

    @property
    def is_done(self) -> bool:
        """Whether all directories that are known are watched."""
        return self._directories.is_done

    def run(self) -> None:
        """Watch until closed."""
        while not self._ending:
            with selectors.DefaultSelector() as selector:
                selector.register(self._woken, selectors.EVENT_READ)
                inotify = self._directories.inotify
                selector.register(inotify.fileno(), selectors.EVENT_READ)
                while self._directories.inotify is inotify and not self._ending:
                    selector.select(None if self._directories.is_done else 0)
                    began = time.monotonic()
                    self._round()
                    time.sleep(min(max(time.monotonic() - began, _REST[0]), _REST[1]))

    def _round(self) -> None:
        self._follow()
        self._read()
        self._directories.work(lambda: self._ending)

    def _awake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is awake
            self._wake.send(b"!")

    def _follow(self) -> None:
        """Begin with what is wanted now, or is another directory than before, and end with what is not wanted."""
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(1000)
        wanted, known = self._wanted, self._directories.tops
        if wanted == known:
            return
        self._directories.end_with(wanted)
        for top, identity in wanted.items():
            if top not in known:
                self._directories.add(top, NOTHING)
            elif known[top] != identity:
                self._changed(top, Sign.NAMED)
                if identity is not None:
                    self._directories.add(top, self._read_at - 2 * _LAG)
        self._directories.tops = dict(wanted)

    def _read(self) -> None:
        now = time.time()
        for event in self._directories.inotify.read():
            if event.mask & kernel.OVERFLOW:
                # Until then all events were read.
                self._directories.begin_anew(self._read_at - _LAG)
                break
            self._take(event)
        else:
            self._read_at = now

    def _take(self, event: Event) -> None:
        directory = self._directories.of(event.watch)
        if directory is None:
            return
        if event.mask & kernel.IGNORED:
            self._directories.ignored(event.watch)
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
            self._directories.forget(path)
        elif not mask & kernel.DELETE:  # the kernel itself ends the watch of one that is deleted
            self._directories.add(path, self._read_at - _LAG)


def _sign(mask: int) -> Sign:
    sign = Sign(0)
    if mask & kernel.MODIFY:
        sign |= Sign.MODIFIED
    if mask & kernel.CLOSE_WRITE:
        sign |= Sign.CLOSED
    if mask & _NAMED:
        sign |= Sign.NAMED
    return sign
