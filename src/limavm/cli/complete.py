"""`limactl __complete WORDS…`: what may follow on a command line (spec/cli.md 1.13).

The last word is the one being typed. Candidates go to standard output, one a line with a description
behind a tab, then `:` and a bit mask that tells the shell what to do with them.
"""

import contextlib
import os
import sys
from collections.abc import Sequence

import click

from limavm.cli import app, flagvalues
from limavm.cli.candidates import Candidate, matching, snapshots
from limavm.cli.flags import Flag
from limavm.cli.positionals import DEFAULT, ERROR, NO_FILES, NO_SPACE, command_names, positional
from limavm.cli.session import Session
from limavm.errors import UserError

#: Names a file for what completion does, as in other programs with completion.
_LOG = "BASH_COMP_DEBUG_FILE"
#: Flags whose values the shell completes.
_DIRECTORIES = frozenset({"mount", "mount_only", "output", "sync"})


def complete(words: Sequence[str]) -> tuple[list[Candidate], int]:
    """The candidates for the last word, and the directive."""
    *given, current = words or [""]
    place = Place()
    for word in given:
        place.take(word)
    if place.awaiting is not None:
        return _flag_values(place.awaiting, current, place)
    if current.startswith("-") and not place.only_positionals:
        name, equals, value = current.partition("=")
        if equals:
            flag = place.flags.get(name)
            return _flag_values(flag, value, place) if flag else ([], NO_FILES)
        return matching(_flag_names(place), current), NO_FILES
    if isinstance(place.command, app.Group):
        return matching(command_names(place.command), current), NO_FILES
    return positional(place.command, place.name, place.positionals, current)


class Place:
    """Where on the command line the current word stands."""

    def __init__(self) -> None:
        self.command: click.Command | None = app.ROOT
        #: Its name, with those of the groups around it.
        self.name = ""
        self.flags = _flags_of(app.ROOT)
        self.used: set[str] = set()
        self.positionals: list[str] = []
        #: The flag whose value is being typed.
        self.awaiting: Flag | None = None
        self.only_positionals = False

    def take(self, word: str) -> None:
        """Go past a word that is complete."""
        if self.awaiting is not None:
            self.awaiting = None
        elif self.only_positionals:
            self.positionals.append(word)
        elif word == "--":
            self.only_positionals = True
        elif word.startswith("-") and word != "-":
            self._flag(word)
        elif isinstance(self.command, app.Group):
            self.command = self.command.get_command(click.Context(self.command), word)
            self.flags = _flags_of(self.command)
            self.name = f"{self.name} {self.command.name if self.command else word}".strip()
        else:
            self.positionals.append(word)
            self.only_positionals = not getattr(self.command, "interspersed", True)

    def _flag(self, word: str) -> None:
        name, equals, _ = word.partition("=")
        flag = self.flags.get(name) or self.flags.get("-" + word[-1:])
        if flag is None:
            return
        self.used.update(flag.opts)
        if flag.takes_value and not equals:
            self.awaiting = flag


def _flags_of(command: click.Command | None) -> dict[str, Flag]:
    flags = [*getattr(command, "own_flags", ()), *getattr(command, "global_flags", ())]
    return {name: flag for flag in flags for name in flag.opts}


def _flag_names(place: Place) -> list[Candidate]:
    free = [(name, flag) for name, flag in place.flags.items() if flag.multiple or name not in place.used]
    return [(name, flag.help or "") for name, flag in free if name.startswith("--") and not flag.hidden]


def _snapshots(place: Place) -> list[Candidate]:
    """The tags that are there; a new snapshot is called something else."""
    if place.name == "snapshot create" or not place.name.startswith("snapshot "):
        return []
    return snapshots(place.positionals[0] if place.positionals else "")


def _flag_values(flag: Flag, current: str, place: Place) -> tuple[list[Candidate], int]:
    """The candidates for the value of a flag, and the directive."""
    name = flag.name or ""
    if name in _DIRECTORIES:
        return [], DEFAULT
    if name == "set":
        from limavm.cli.setkeys import candidates

        return matching([(value, "") for value in candidates(current)], current), NO_SPACE | NO_FILES
    if name == "tag":
        return matching(_snapshots(place), current), NO_FILES
    return matching([(value, "") for value in flagvalues.known(name)], current), NO_FILES


def _print(words: list[str], *, descriptions: bool) -> None:
    try:
        candidates, directive = complete(words)
    except UserError as error:
        print(error, file=sys.stderr)
        candidates, directive = [], ERROR
    for value, text in candidates:
        print(f"{value}\t{text}" if text and descriptions else value)
    print(f":{directive}")
    print(f"{len(candidates)} candidates, directive {directive}", file=sys.stderr)
    if log := os.environ.get(_LOG):
        _note(log, words, candidates, directive)


def _note(path: str, words: list[str], candidates: list[Candidate], directive: int) -> None:
    """Add what was asked and answered to a file; a shell has no place where it could be shown."""
    line = f"{words!r}: {[value for value, _ in candidates]!r}, directive {directive}\n"
    with contextlib.suppress(OSError), open(path, "a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(line)


class _Raw(app.Command):
    """A command whose words are somebody else's command line, flags and all."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words as they are."""
        ctx.args = args
        return args


def _with(_session: Session, words: list[str]) -> None:
    _print(words, descriptions=True)


COMMAND = _Raw("__complete", _with, help="Print completion candidates.")


def _without(_session: Session, words: list[str]) -> None:
    _print(words, descriptions=False)


BARE = _Raw("__completeNoDesc", _without, help="Print completion candidates without descriptions.")
