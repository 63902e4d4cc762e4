"""The flags of the daemon, read without argparse: it would take longer to import than all of them to be read."""

from collections.abc import Mapping


class FlagError(Exception):
    """A command line that cannot be understood, in words."""


def parse_flags(argv: list[str], defaults: Mapping[str, str | int | bool]) -> dict[str, str | int | bool]:
    """The value of each flag: `--name=value`, `--name value`, and `--name` or `--name=true` for a bool."""
    values = dict(defaults)
    words = iter(argv)
    for word in words:
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or name not in defaults:
            raise FlagError(f"unknown argument {word!r}; known are {', '.join('--' + name for name in defaults)}")
        default = defaults[name]
        if isinstance(default, bool):
            if value not in ("", "true", "false"):
                raise FlagError(f"--{name} is true or false")
            values[name] = value != "false"
            continue
        if not equals:
            value = next(words, "")
        if isinstance(default, int):
            if not (value.isascii() and value.isdigit()):
                raise FlagError(f"--{name} needs a number")
            values[name] = int(value)
        else:
            values[name] = value
    return values
