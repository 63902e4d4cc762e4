"""Lines on standard error, few and short: what they tell of comes from a guest, which must not fill a disk."""

import os
import time

_LONGEST = 300
#: So many lines at once, and then one in so many seconds.
_BURST = 20
_SECONDS = 10.0


class Journal:
    """Where the server tells of what a user of the host should know. It never fails."""

    def __init__(self, fd: int = 2) -> None:
        self._fd = fd
        self._left = float(_BURST)
        self._at = time.monotonic()
        self._dropped = 0

    def line(self, text: str) -> None:
        """Write one line, unless there were too many; what was left out is counted in the next."""
        now = time.monotonic()
        self._left = min(self._left + (now - self._at) / _SECONDS, float(_BURST))
        self._at = now
        if self._left < 1:
            self._dropped += 1
            return
        self._left -= 1
        more = f" ({self._dropped} more lines were left out)" if self._dropped else ""
        self._dropped = 0
        clean = ascii(text)[1:-1][:_LONGEST]
        try:
            os.write(self._fd, f"limavm.sftp: {clean}{more}\n".encode("ascii"))
        except OSError:  # nobody reads it
            return
