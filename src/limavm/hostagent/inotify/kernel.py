"""inotify(7) of Linux. Python's standard library does not have it."""

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

MODIFY = 0x2
ATTRIB = 0x4
CLOSE_WRITE = 0x8
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
OVERFLOW = 0x4000
IGNORED = 0x8000
IS_DIRECTORY = 0x40000000
_ONLY_DIRECTORIES = 0x01000000
_FOLLOW_NO_LINK = 0x02000000
_WATCHED = MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | _ONLY_DIRECTORIES | _FOLLOW_NO_LINK

_EVENT = struct.Struct("iIII")
_ROOM = 64 << 10
_LIMITS = "/proc/sys/fs/inotify"


class Event(NamedTuple):
    """What happened in the directory that is watched as `watch`; to itself if there is no name."""

    watch: int
    mask: int
    name: str


class Inotify:
    """One instance, for one thread."""

    _descriptor: int
    _libc: ctypes.CDLL

    def __init__(self) -> None:
        """Raises OSError: EMFILE when the user has too many (fs.inotify.max_user_instances)."""
        if sys.platform != "linux":
            raise OSError(errno.ENOSYS, "there is no inotify on this system")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def fileno(self) -> int:
        """What to poll; -1 when it is closed."""
        return self._descriptor

    def watch(self, directory: str) -> int:
        """The number under which its events come; the same as before for one that is watched already.

        Raises OSError: ENOSPC when the user watches too many (fs.inotify.max_user_watches).
        """
        return self._checked(self._libc.inotify_add_watch(self._descriptor, os.fsencode(directory), _WATCHED))

    def unwatch(self, watch: int) -> None:
        """Watch it no more; nothing happens if it is not watched."""
        self._libc.inotify_rm_watch(self._descriptor, watch)

    def read(self) -> list[Event]:
        """What has happened, as far as it fits; nothing if nothing has."""
        try:
            return list(_events(os.read(self._descriptor, _ROOM)))
        except BlockingIOError:
            return []

    def close(self) -> None:
        """Watch nothing any more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result


def limit(name: str) -> int:
    """A limit of the user's by its name after `max_user_`; 0 if it is not known."""
    try:
        with open(f"{_LIMITS}/max_user_{name}", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def _events(data: bytes) -> Iterator[Event]:
    at = 0
    while at < len(data):
        watch, mask, _cookie, length = _EVENT.unpack_from(data, at)
        at += _EVENT.size
        yield Event(watch, mask, os.fsdecode(data[at : at + length].rstrip(b"\0")))
        at += length
