"""What the global flags decided: the pre-run hook of spec/cli.md 1.4 and its result."""

import os
import sys

from limavm.cli import logs
from limavm.errors import UserError
from limavm.model.value import Value


class Session(Value, frozen=True, kw_only=True):
    """How a command may talk to its user. `tty` allows menus, prompts and an editor."""

    tty: bool
    debug: bool = False
    #: `--tty=true` was given, which is more than to be at a terminal.
    asked_for_tty: bool = False


def begin(
    *,
    debug: bool = False,
    log_level: str = "",
    log_format: str = "text",
    tty: bool | None = None,
    yes: bool | None = None,
) -> Session:
    """Set up logging and decide whether the user can be asked; None is a flag that was not given.

    Raises UserError for an unknown level or format, and for `--tty` beside `--yes`.
    """
    if debug:
        logs.configure(level=logs.DEBUG)
    if log_level:
        logs.configure(level=_level(log_level))
    if log_format not in logs.FORMATS:
        raise UserError(f"the log format {log_format!r} is not known", hint="use text or json")
    logs.configure(format=log_format)
    # Whatever their values are, as Lima does.
    if tty is not None and yes is not None:
        raise UserError("--tty and --yes exclude each other", hint="--yes is short for --tty=false")
    allowed = (tty if tty is not None else sys.stdout.isatty()) and not yes
    return Session(tty=allowed, debug=logs.shown(logs.DEBUG), asked_for_tty=tty is True)


def _level(word: str) -> int:
    try:
        return logs.LEVELS[word.lower()]
    except KeyError:
        known = ", ".join(logs.LEVELS)
        raise UserError(f"the log level {word!r} is not known", hint=f"use one of {known}") from None


def output_is_terminal() -> bool:
    """Whether standard output is drawn for a person (colours, widths); `_LIMA_OUTPUT_IS_TTY` forces it."""
    return bool(os.environ.get("_LIMA_OUTPUT_IS_TTY")) or sys.stdout.isatty()


def input_is_terminal() -> bool:
    """Whether somebody can answer on standard input."""
    return sys.stdin is not None and sys.stdin.isatty()
