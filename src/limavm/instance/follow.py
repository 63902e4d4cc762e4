"""Follows the two logs of a host agent: its events and its log lines (spec/runtime.md 3.3).

Polling starts at 20 ms, because the wait for READY is what users feel, and slows down while nothing
comes. A partial last line waits for its end; a file that was made anew is read from its start.
"""

import os
import time
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from limavm.errors import UserError
from limavm.host.clock import seconds_of
from limavm.model.event import AgentStatus, Event

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.1
_LONGEST_EVENT = 1 << 20


class LogLine(msgspec.Struct, frozen=True):
    """A line of `ha.stderr.log`; a line that is no JSON object has only its text."""

    level: str
    msg: str
    time: str = ""
    error: str = ""


class Tail:
    """The lines that are appended to a file, also when it does not exist yet; `at_end` leaves out what is there."""

    def __init__(self, path: str, *, at_end: bool = False) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        if at_end:
            for _ in self.lines():
                pass

    def lines(self) -> Iterator[bytes]:
        """The complete lines that have come since the last call."""
        if self._file is None or self._replaced():
            self.close()
            try:
                self._file = open(self._path, "rb")  # noqa: SIM115 - kept from call to call
            except FileNotFoundError:
                return
        *complete, self._rest = (self._rest + self._file.read()).split(b"\n")
        yield from complete

    def _replaced(self) -> bool:
        assert self._file is not None
        try:
            return not os.path.samestat(os.fstat(self._file.fileno()), os.stat(self._path))
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()
        self._file, self._rest = None, b""


class Pace:
    """Pauses between polls: short while something happens, longer while nothing does."""

    def __init__(self) -> None:
        self._pause = _FIRST_PAUSE

    def rest(self, *, active: bool) -> None:
        """Sleep until the next poll is due."""
        self._pause = _FIRST_PAUSE if active else min(self._pause * 1.3, _LONGEST_PAUSE)
        time.sleep(self._pause)


def status_of(line: bytes, since: float) -> AgentStatus | None:
    """The status in an event line, None when it is from before `since` (seconds since the epoch).

    Raises UserError for a line that is no event.
    """
    try:
        event = msgspec.json.decode(line, type=Event)
        return event.status if seconds_of(event.time) >= since else None
    except (msgspec.MsgspecError, ValueError) as error:
        raise UserError(
            f"the host agent wrote a line that is no event: {line[:200]!r}", where="ha.stdout.log"
        ) from error


def last_status(path: str) -> AgentStatus:
    """The last status in a file of events; an empty one where there is none, or it is not known what it says."""
    try:
        with open(path, "rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _LONGEST_EVENT, 0))
            *_, line, _rest = (b"\n" + file.read()).split(b"\n")
        return status_of(line, 0) or AgentStatus()
    except (OSError, ValueError, UserError):
        return AgentStatus()


def log_line_of(line: bytes, since: float) -> LogLine | None:
    """The log line, None when it is empty or was written over a second before `since`."""
    try:
        parsed = msgspec.json.decode(line, type=LogLine)
    except msgspec.MsgspecError:
        text = line.decode(errors="replace").strip()
        return LogLine(level="info", msg=text) if text else None
    try:
        return None if parsed.time and seconds_of(parsed.time) < since - 1 else parsed
    except ValueError:
        return parsed
