"""What has changed and has not been told yet, and what was told last: pure, and bounded however much changes.

A path is told once, with its last state, however often it changed before that. When more has changed than can be
told in good time, directories are told instead of the files in them, and directories above those if need be: a
checkout of 20,000 files is told as the directories that it touched.
"""

import collections
import enum
import os
import stat
from collections.abc import Iterable
from typing import NamedTuple

#: The most paths that wait to be told, and how many may always wait.
LIMIT = 2000
_FEW = 50
#: Seconds that what waits may take: who saves a file after a storm does not want to wait for the storm.
_PATIENCE = 5.0
#: The files whose last state is remembered, as in Lima.
_REMEMBERED = 10_000
_SECOND = 1_000_000_000


class Sign(enum.IntFlag):
    """What was seen of a change; nothing of this for a change of times, mode or owner."""

    #: The content, or the time of the last modification.
    MODIFIED = 1
    #: Somebody who could write has closed the file.
    CLOSED = 2
    #: A name has come, gone or become that of another file; of a directory: a name in it.
    NAMED = 4
    #: A directory, in which more has changed than will be told.
    WHOLE = 8

    @property
    def is_proof(self) -> bool:
        """Whether there is a change, also if the file looks as before: it may have got back the time that it had."""
        return bool(self & (Sign.NAMED | Sign.WHOLE)) or Sign.MODIFIED | Sign.CLOSED in self


class Pending:
    """Paths of the host that wait to be told, the oldest first; `tops` are the directories that are watched."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._most = self._limit = limit
        self._signs: dict[str, Sign] = {}
        self._whole = 0
        self.tops: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self._signs)

    def add(self, path: str, sign: Sign) -> None:
        """Something was seen of a path."""
        if path in self._signs:
            self._put(path, sign)
        elif not (self._whole and self._is_told_above(path)):
            self._put(path, sign)
            if len(self._signs) > self._limit:
                self._coarsen()

    def told(self, count: int, seconds: float) -> None:
        """So long it took to tell so many: a slow guest is told less. An emulated one takes up to 0.2 s for each."""
        in_time = int(_PATIENCE * count / max(seconds, 1e-6))
        self._limit = min(max(in_time, _FEW), self._most)
        if len(self._signs) > self._limit:
            self._coarsen()

    def take(self, most: int) -> list[tuple[str, Sign]]:
        """The oldest, which do not wait any more."""
        taken = [(path, self._signs[path]) for path, _ in zip(self._signs, range(most), strict=False)]
        for path, sign in taken:
            del self._signs[path]
            self._whole -= Sign.WHOLE in sign
        return taken

    def _put(self, path: str, sign: Sign) -> None:
        before = self._signs.get(path, Sign(0))
        self._signs[path] = before | sign
        self._whole += Sign.WHOLE in sign and Sign.WHOLE not in before

    def _is_told_above(self, path: str) -> bool:
        while path not in self.tops and (above := os.path.dirname(path)) != path:
            path = above
            if Sign.WHOLE in self._signs.get(path, Sign(0)):
                return True
        return False

    def _coarsen(self) -> None:
        """Replace paths by the directories that they are in, those with the most first, until half of the room is free.

        Directories are replaced when no files are left. Each round brings what it can one level up, so this ends at
        the latest when only `tops` are left.
        """
        while len(self._signs) > self._limit // 2:
            within = self._by_directory(Sign(0)) or self._by_directory(Sign.WHOLE)
            if not within:
                return
            for directory in sorted(within, key=lambda name: -len(within[name])):
                for path in within[directory]:
                    self._whole -= Sign.WHOLE in self._signs.pop(path, Sign(0))
                self._put(directory, Sign.WHOLE)
                if len(self._signs) <= self._limit // 2:
                    return

    def _by_directory(self, whole: Sign) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path, sign in self._signs.items():
            if sign & Sign.WHOLE != whole or path in self.tops:
                continue
            if (directory := os.path.dirname(path)) != path:
                found.setdefault(directory, []).append(path)
        return found


class Look(NamedTuple):
    """How a file looks, as far as the guest may see it."""

    mtime_ns: int
    size: int
    inode: int
    mode: int


def look(status: os.stat_result) -> Look:
    """What is compared. The size of a directory changes with the names in it, of which one is told anyway."""
    size = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
    return Look(mtime_ns=status.st_mtime_ns, size=size, inode=status.st_ino, mode=status.st_mode)


class Told:
    """How files looked when the guest was told of them.

    What the guest does then comes back to us: it sets the times of the file to what they are. So a file that looks
    as it was told is not told again, unless there is proof that it was changed.
    """

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._last: collections.OrderedDict[str, Look | None] = collections.OrderedDict()

    def is_news(self, path: str, now: Look | None, sign: Sign) -> bool:
        """Whether to tell; `None` is a file that is not there."""
        if path not in self._last:
            return now is not None or sign.is_proof
        before = self._last[path]
        if before is None or now is None:
            return before is not now
        # SFTP knows whole seconds only, so that telling may have cut off the rest.
        cut = before._replace(mtime_ns=before.mtime_ns // _SECOND * _SECOND)
        return sign.is_proof or now not in (before, cut)

    def remember(self, path: str, now: Look | None) -> None:
        """It was told."""
        self._last[path] = now
        self._last.move_to_end(path)
        if len(self._last) > self._most:
            self._last.popitem(last=False)

    def forget(self, paths: Iterable[str]) -> None:
        """They were not told after all."""
        for path in paths:
            self._last.pop(path, None)
