"""What a peer that is not trusted did wrong, told once for each kind.

The guest agent runs in the guest, where anybody may have become root: however much nonsense comes from there,
the log gets one line of each kind in a minute, and what is quoted of it is short and printable.
"""

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

_SILENCE = 60.0
_QUOTED = 120


class Complaints:
    """Warnings about one peer. `now` is a clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._told: dict[str, float] = {}

    def tell(self, kind: str, example: object = "", *, level: int = logging.WARNING) -> None:
        """Log a line, at level DEBUG when one of the same kind was logged within the last minute.

        `kind` is our own sentence, so there are only so many; `example` is what the peer said.
        """
        line = f"{kind}: {quoted(example)}" if example != "" else kind
        now = self._now()
        if now - self._told.get(kind, -_SILENCE) < _SILENCE:
            log.debug("%s", line)
            return
        self._told[kind] = now
        log.log(level, "%s", line)


def quoted(words: object) -> str:
    """What a peer said, in printable ASCII of one line and at most 120 characters."""
    text = words if isinstance(words, str) else str(words)
    shown = ascii(text[: _QUOTED + 1])[1:-1]
    return shown if len(shown) <= _QUOTED else shown[: _QUOTED - 1] + "…"
