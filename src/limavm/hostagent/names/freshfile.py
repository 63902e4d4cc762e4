"""A small file of the host that others rewrite: read again when it has changed, and only then."""

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

#: Lists of names that are to be blocked make a hosts file of several MiB.
_LONGEST = 32 << 20


class FreshFile(Generic[T]):
    """What `parse` makes of the text of a file; that of an empty text when there is none. For any thread.

    One `stat` a use. It follows links, so a link that leads elsewhere now is a change too.
    """

    def __init__(self, path: str, parse: Callable[[str], T]) -> None:
        self.path = path
        self._parse = parse
        self._seen: tuple[int, ...] | None = ()
        self._value = parse("")
        self._lock = threading.Lock()

    def value(self) -> T:
        """What the file says now. A file that cannot be read now says what it said before."""
        with self._lock:
            seen = self._look()
            if seen != self._seen:
                # What cannot be read is being replaced; the next use comes soon.
                with contextlib.suppress(OSError):
                    self._value = self._parse(self._text() if seen else "")
                    self._seen = seen
            return self._value

    def _look(self) -> tuple[int, ...] | None:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size

    def _text(self) -> str:
        with open(self.path, "rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
