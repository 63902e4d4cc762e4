"""Which variables of the host `shell --preserve-env` hands to the guest (spec/cli.md 7.5)."""

import re
from collections.abc import Mapping, Sequence

from limavm.errors import UserError

#: Variables that stay on the host unless they are allowed.
DEFAULT_BLOCK = (
    "BASH*",
    "DISPLAY",
    "DYLD_*",
    "EUID",
    "FPATH",
    "GID",
    "GROUP",
    "HOME",
    "HOSTNAME",
    "LD_*",
    "LOGNAME",
    "OLDPWD",
    "PATH",
    "PWD",
    "SHELL",
    "SHLVL",
    "SSH_*",
    "TERM",
    "TERMINFO",
    "TMPDIR",
    "UID",
    "USER",
    "XAUTHORITY",
    "XDG_*",
    "ZDOTDIR",
    "ZSH*",
    "_*",
)
_FOREIGN = re.compile(r"[^A-Za-z0-9_*]")


def passed(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables to pass, sorted by name; the two lists come from LIMA_SHELLENV_BLOCK and _ALLOW.

    Raises UserError for a pattern with a character that no pattern may have.
    """
    block = _block(environment.get("LIMA_SHELLENV_BLOCK", ""))
    allow = _items(environment.get("LIMA_SHELLENV_ALLOW", ""))
    blocked, allowed = _matcher(block, "LIMA_SHELLENV_BLOCK"), _matcher(allow, "LIMA_SHELLENV_ALLOW")
    return {
        name: environment[name]
        for name in sorted(environment)
        if allowed.fullmatch(name) or not blocked.fullmatch(name)
    }


def _block(text: str) -> Sequence[str]:
    items = _items(text.removeprefix("+"))
    return (*DEFAULT_BLOCK, *items) if text.startswith("+") else items or DEFAULT_BLOCK


def _items(text: str) -> list[str]:
    return [item for part in text.split(",") if (item := part.strip())]


def _matcher(patterns: Sequence[str], where: str) -> re.Pattern[str]:
    for pattern in patterns:
        if foreign := _FOREIGN.search(pattern):
            raise UserError(f"the pattern {pattern!r} has the character {foreign.group()!r}", where=where)
    # Without a pattern nothing matches, not even an empty name.
    return re.compile("|".join(pattern.replace("*", ".*") for pattern in patterns) or r"(?!)", re.DOTALL)
