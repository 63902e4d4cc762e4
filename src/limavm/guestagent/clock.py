"""The guest's clock, set after the host's when it is off (spec/runtime.md 7.4)."""

import sys
import time
from typing import Protocol

from limavm.wire.messages import Timestamp, TimeSyncResponse

#: A drift up to this is left to the guest's own means.
TOLERATED_NS = 100_000_000
_SECOND = 1_000_000_000
#: The last second of the year 9999, where a Timestamp ends.
_LAST_SECOND = 253_402_300_799


class Clock(Protocol):
    """What can be read and set."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970."""

    def set_ns(self, now: int) -> None:
        """Set it; raises OSError or OverflowError."""


class SystemClock:
    """The kernel's."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970."""
        return time.time_ns()

    def set_ns(self, now: int) -> None:
        """Set it."""
        if sys.platform == "win32":
            raise OSError("the clock of Windows is not ours to set")
        time.clock_settime_ns(time.CLOCK_REALTIME, now)


def nanoseconds(stamp: Timestamp) -> int:
    """Nanoseconds since 1970; raises ValueError for a time before that, or for no time at all."""
    if not (0 <= stamp.seconds <= _LAST_SECOND and 0 <= stamp.nanos < _SECOND):
        raise ValueError(f"{stamp.seconds} s and {stamp.nanos} ns are no time")
    return int(stamp.seconds) * _SECOND + int(stamp.nanos)


def synchronise(host_time: Timestamp, clock: Clock) -> TimeSyncResponse:
    """Set the clock to the host's time if it is off; what was found and done."""
    try:
        host = nanoseconds(host_time)
        drift = clock.now_ns() - host
        adjusted = abs(drift) > TOLERATED_NS
        if adjusted:
            clock.set_ns(host)
    except (ValueError, OverflowError, OSError) as error:
        return TimeSyncResponse(error=str(error))
    return TimeSyncResponse(adjusted=adjusted, drift_ms=int(drift / 1_000_000))
