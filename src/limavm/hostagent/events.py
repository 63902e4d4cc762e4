"""Events on standard output and log lines on standard error (spec/runtime.md 3.1, 3.3).

Every line is a full snapshot. A sub-object such as `portForward` stays in later snapshots until a
fresh status replaces it: consumers written for Lima rely on it.
"""

import logging
import os
from typing import TextIO

import msgspec

from limavm.host.clock import now_rfc3339
from limavm.model.event import AgentStatus, Event
from limavm.model.printable import printable

log = logging.getLogger(__name__)

_LEVELS = {logging.WARNING: "warning", logging.CRITICAL: "fatal", logging.NOTSET: "trace"}


class Emitter:
    """Writes events; one that tells of the agent's own state is on the disk before the next step is taken."""

    def __init__(self, *streams: TextIO) -> None:
        self._streams = streams
        self.status = AgentStatus()

    def fresh(self, status: AgentStatus) -> None:
        """Emit a status that replaces everything said before."""
        self._emit(status)
        for stream in self._streams:
            _sync(stream)

    def change(self, **members: object) -> None:
        """Emit the last status with some members changed."""
        self.fresh(msgspec.structs.replace(self.status, **members))

    def mention(self, **members: object) -> None:
        """As `change`, for what happens a hundred times a second: it is not worth the wait for a disk."""
        self._emit(msgspec.structs.replace(self.status, **members))

    def _emit(self, status: AgentStatus) -> None:
        self.status = status
        line = msgspec.json.encode(Event(time=now_rfc3339(), status=status)).decode()
        for stream in self._streams:
            try:
                stream.write(line + "\n")
                stream.flush()
            except OSError as error:  # a full disk ends no machine, and the next snapshot tells everything again
                log.warning("an event could not be written: %s", error)


def _sync(stream: TextIO) -> None:
    try:
        os.fsync(stream.fileno())
    except (OSError, ValueError):  # a terminal or a pipe: nothing to sync
        return


class JSONFormatter(logging.Formatter):
    """One JSON object a line: level, msg, time, and the error's text when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line = {
            "level": _LEVELS.get(record.levelno, record.levelname.lower()),
            "msg": record.getMessage(),
            "time": now_rfc3339(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


class TextFormatter(logging.Formatter):
    """Lines for a terminal, which what the guest has said does not drive."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines, of a record."""
        return printable(super().format(record), besides="\n\t")


def log_json_to(stream: TextIO, *, debug: bool = False) -> None:
    """Send the whole program's log to a stream as JSON lines, at debug level at least."""
    root = logging.getLogger()
    root.handlers.clear()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    root.addHandler(handler)
    root.setLevel(logging.NOTSET if debug else logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.INFO)
    logging.getLogger("qemu").setLevel(logging.WARNING)


def log_text_to(stream: TextIO, *, debug: bool = False) -> None:
    """Send the log to a stream for people as well, without what only a maintainer wants to know."""
    handler = logging.StreamHandler(stream)
    handler.setLevel(logging.DEBUG if debug else logging.INFO)
    handler.setFormatter(TextFormatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logging.getLogger().addHandler(handler)
