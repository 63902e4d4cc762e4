"""What a peer that is not trusted did wrong, told once for each kind.

The guest agent runs in the guest, where anybody may have become root: however much nonsense comes from there,
the log gets one line of each kind in a minute, and what is quoted of it is short and printable. That goes for every
level: the log of a host agent has the lines of level DEBUG as well, and its disk is the host's.
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
        #: When each kind was last told, and how often it was left out since.
        self._told: dict[str, tuple[float, int]] = {}

    def tell(self, kind: str, example: object = "", *, level: int = logging.WARNING) -> None:
        """Log a line, unless one of the same kind was logged within the last minute; the next one counts those.

        `kind` is our own sentence, so there are only so many; `example` is what the peer said.
        """
        now = self._now()
        told, left_out = self._told.get(kind, (-_SILENCE, 0))
        if now - told < _SILENCE:
            self._told[kind] = told, left_out + 1
            return
        self._told[kind] = now, 0
        line = f"{kind}: {quoted(example)}" if example != "" else kind
        log.log(level, "%s%s", line, f" (and {left_out} times since it was last said)" if left_out else "")


def quoted(words: object) -> str:
    """What a peer said, in printable ASCII of one line and at most 120 characters."""
    text = words if isinstance(words, str) else str(words)
    shown = ascii(text[: _QUOTED + 1])[1:-1]
    return shown if len(shown) <= _QUOTED else shown[: _QUOTED - 1] + "…"
