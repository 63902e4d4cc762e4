"""Time stamps and the clock that all processes of a host share."""

import sys
import time
from datetime import UTC, datetime


def now_rfc3339() -> str:
    """The present time in UTC with nanoseconds, as in the events of the host agent."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{nanoseconds:09d}Z"


def monotonic() -> float:
    """Seconds of a clock that never jumps and that every process on this host reads the same."""
    return time.monotonic()


def wall_ns() -> int:
    """Nanoseconds since the epoch by the host's clock, which may be set at any time."""
    return time.time_ns()


def asleep() -> float:
    """Seconds of which `monotonic` does not know because the host slept; 0 where no clock counts them.

    Only differences between two answers mean something.
    """
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC) - time.clock_gettime(time.CLOCK_UPTIME_RAW)
    return 0.0


def seconds_of(stamp: str) -> float:
    """Seconds since the epoch of an RFC 3339 time stamp; raises ValueError when it is none."""
    text = stamp.replace("Z", "+00:00")
    head, dot, tail = text.partition(".")
    if dot:  # datetime keeps microseconds; what is finer does not matter here
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6]}{tail[digits:]}"
    return datetime.fromisoformat(text).timestamp()
