"""The options of an instance as text for other programs: what `limactl show-ssh` prints (spec/cli.md 6.13). Pure."""

import shlex
from collections.abc import Sequence
from enum import StrEnum

from limavm.errors import UserError


class Form(StrEnum):
    """The values of `--format`."""

    CMD = "cmd"
    ARGS = "args"
    OPTIONS = "options"
    CONFIG = "config"


def form_of(word: str) -> Form:
    """The form of that name; raises UserError for any other word."""
    try:
        return Form(word)
    except ValueError:
        known = ", ".join(Form)
        raise UserError(f"the format {word!r} is not known", where="--format", hint=f"use one of {known}") from None


def formatted(form: Form, hostname: str, options: Sequence[str]) -> str:
    """The text for `Key=Value` options, with a line break at its end.

    Raises UserError for an option with a line break, which would be another option.
    """
    for option in options:
        if "\n" in option or "\r" in option:
            raise UserError("an ssh option contains a line break", where=repr(option))
    match form:
        case Form.CMD:
            return f"ssh {_args(options)} {hostname}\n"
        case Form.ARGS:
            return _args(options) + "\n"
        case Form.OPTIONS:
            return "".join(f"{option}\n" for option in options)
        case Form.CONFIG:
            pairs = (option.partition("=") for option in options)
            return f"Host {hostname}\n" + "".join(f"  {key} {value}\n" for key, _, value in pairs)


def _args(options: Sequence[str]) -> str:
    """`-o OPTION …` for a shell: the quotes around paths are for ssh, and have to reach it."""
    return " ".join(f"-o {shlex.quote(option)}" for option in options)
