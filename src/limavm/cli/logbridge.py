"""Records of the standard library's `logging`, shown as limactl's own lines.

Installed only by commands whose use cases import `logging` anyway.
"""

import logging

from limavm.cli import logs

_INSTALLED: list[logging.Handler] = []


class Bridge(logging.Handler):
    """Hands each record to `logs`; a traceback becomes further lines of the message."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            message = record.getMessage()
            if record.exc_info:
                message += "\n" + logging.Formatter().formatException(record.exc_info)
            logs.emit(_level(record.levelno), message)
        except Exception:  # noqa: BLE001 - a broken log call is reported the way logging does it
            self.handleError(record)


def _level(number: int) -> int:
    """The nearest of our levels that is not above the record's."""
    return max((level for level in logs.LEVELS.values() if level <= number), default=logs.TRACE)


def install() -> None:
    """Send what limavm logs to `logs`; harmless when done before."""
    logger = logging.getLogger("limavm")
    logger.setLevel(logging.DEBUG if logs.shown(logs.DEBUG) else logging.INFO)
    if not _INSTALLED:
        _INSTALLED.append(Bridge())
        logger.addHandler(_INSTALLED[0])
        logger.propagate = False
