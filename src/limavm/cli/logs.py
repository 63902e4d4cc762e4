"""Log lines on standard error in the three formats of spec/cli.md 1.8, without `logging`.

`list` and `shell` have to start in a few milliseconds, so that lines are written directly. Commands
whose use cases log through the standard library install the handler of `logbridge` as well.
"""

import sys
import time
from collections.abc import Mapping

TRACE, DEBUG, INFO, WARNING, ERROR, FATAL = 5, 10, 20, 30, 40, 50

#: Level words of `--log-level`; `panic` and `fatal` are the same to us.
LEVELS = {
    "trace": TRACE,
    "debug": DEBUG,
    "info": INFO,
    "warn": WARNING,
    "warning": WARNING,
    "error": ERROR,
    "fatal": FATAL,
    "panic": FATAL,
}
FORMATS = ("text", "json")

_WORDS = {TRACE: "trace", DEBUG: "debug", INFO: "info", WARNING: "warning", ERROR: "error", FATAL: "fatal"}
_COLOURS = {TRACE: 37, DEBUG: 37, INFO: 36, WARNING: 33, ERROR: 31, FATAL: 31}
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}

_begun = time.monotonic()


class _Settings:
    """The least level that is shown and the format; set once by the pre-run hook."""

    level = INFO
    format = "text"


Fields = Mapping[str, object]


def configure(*, level: int | None = None, format: str | None = None) -> None:  # noqa: A002 - the flag's name
    """Set the level from which lines are shown, the format, or both."""
    if level is not None:
        _Settings.level = level
    if format is not None:
        _Settings.format = format


def shown(level: int) -> bool:
    """Whether lines of this level are written."""
    return level >= _Settings.level


def is_text() -> bool:
    """Whether lines are meant for people, so that a progress bar may stand among them."""
    return _Settings.format == "text"


def on_terminal() -> bool:
    """Whether standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def emit(level: int, message: str, fields: Fields | None = None) -> None:
    """Write one line, if its level is shown."""
    if not shown(level):
        return
    fields = fields or {}
    if not is_text():
        line = json_line(level, message, fields, timestamp())
    elif on_terminal():
        line = terminal_line(level, message, fields, time.monotonic() - _begun)
    else:
        line = plain_line(level, message, fields, timestamp())
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def debug(message: str, **fields: object) -> None:
    """What a maintainer wants to know."""
    emit(DEBUG, message, fields)


def info(message: str, **fields: object) -> None:
    """A step that the user would name."""
    emit(INFO, message, fields)


def warning(message: str, **fields: object) -> None:
    """Something is not as asked, and work goes on."""
    emit(WARNING, message, fields)


def error(message: str, **fields: object) -> None:
    """Something failed, and the command tries to go on."""
    emit(ERROR, message, fields)


def fatal(message: str, **fields: object) -> None:
    """The reason why the command ends with a failure."""
    emit(FATAL, message, fields)


def raw(text: str) -> None:
    """Lines without a level, as they are but for control characters."""
    if shown(INFO):
        sys.stderr.write(_harmless(text) + "\n")
        sys.stderr.flush()


def terminal_line(level: int, message: str, fields: Fields, seconds: float) -> str:
    """`LEVL[SSSS] message key=value`, coloured; `seconds` since the command began."""
    colour = f"\x1b[{_COLOURS[level]}m"
    head = f"{colour}{_WORDS[level].upper()[:4]}\x1b[0m[{int(seconds):04d}] {_harmless(message):<44} "
    return head + "".join(f" {colour}{key}\x1b[0m={_harmless(str(fields[key]))}" for key in sorted(fields))


def plain_line(level: int, message: str, fields: Fields, when: str) -> str:
    """`time=… level=… msg=… key=value`, each value bare or a quoted Go string."""
    pairs = [("time", f'"{when}"'), ("level", _WORDS[level]), ("msg", quoted(message))]
    pairs += [(key, quoted(str(fields[key]))) for key in sorted(fields)]
    return " ".join(f"{key}={value}" for key, value in pairs)


def json_line(level: int, message: str, fields: Fields, when: str) -> str:
    """One object with sorted keys."""
    import json

    values = {key: _plain(value) for key, value in fields.items()}
    record = {**values, "level": _WORDS[level], "msg": message, "time": when}
    # Undecodable bytes of file names are surrogates, which standard error escapes as JSON does.
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool) else str(value)


def quoted(text: str) -> str:
    """The text bare when it is a simple word, else as a double-quoted Go string."""
    if text and all(char in _BARE for char in text):
        return text
    return '"' + "".join(_ESCAPES.get(char) or _visible(char) for char in text) + '"'


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 0x80 else f"\\u{ord(char):04x}"


def _harmless(text: str) -> str:
    """The text without control characters: names and guest output must not drive the terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)


def timestamp() -> str:
    """The local time as RFC 3339 with seconds."""
    now = time.localtime()
    zone = time.strftime("%z", now)
    return time.strftime("%Y-%m-%dT%H:%M:%S", now) + ("Z" if zone in ("", "+0000") else f"{zone[:3]}:{zone[3:5]}")
