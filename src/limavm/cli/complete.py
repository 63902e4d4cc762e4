"""`limactl __complete WORDS…`: what may follow on a command line (spec/cli.md 1.13).

The last word is the one being typed. Candidates go to standard output, one a line with a description
behind a tab, then `:` and a bit mask that tells the shell what to do with them.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Sequence

import click

from limavm.cli import app, flagvalues
from limavm.cli.flags import Flag
from limavm.cli.session import Session
from limavm.errors import UserError

DEFAULT, ERROR, NO_SPACE, NO_FILES = 0, 1, 2, 4

#: Names a file for what completion does, as in other programs with completion.
_LOG = "BASH_COMP_DEBUG_FILE"
#: A candidate and its description.
Candidate = tuple[str, str]
#: Commands whose words are instances, each of them once.
_OF_INSTANCES = frozenset(
    {
        *("autostart disable", "autostart enable", "start-at-login"),
        *("delete", "factory-reset", "guest-install", "list", "mcp serve", "ports", "protect"),
        *("restart", "screenshot", "show-ssh", "stop", "timings", "tunnel", "unprotect", "watch"),
    }
)
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
        return _matching(_flag_names(place), current), NO_FILES
    if isinstance(place.command, app.Group):
        return _matching(_command_names(place.command), current), NO_FILES
    return _positional(place, current)


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


def _matching(candidates: Sequence[Candidate], prefix: str) -> list[Candidate]:
    return [(value, text) for value, text in candidates if value.startswith(prefix)]


def _flag_names(place: Place) -> list[Candidate]:
    free = [(name, flag) for name, flag in place.flags.items() if flag.multiple or name not in place.used]
    return [(name, flag.help or "") for name, flag in free if name.startswith("--") and not flag.hidden]


def _command_names(group: app.Group, *, hidden: tuple[str, ...] = ("hidden", "topic")) -> list[Candidate]:
    if group.entries:
        return [(entry.name, entry.summary) for entry in group.all_entries() if entry.group not in hidden]
    return [(name, command.get_short_help_str(100)) for name, command in group.commands.items()]


def _positional(place: Place, current: str) -> tuple[list[Candidate], int]:
    name, given = place.name, place.positionals
    most = getattr(place.command, "most", 0)
    match name:
        case "help":
            return _matching(_command_names(app.ROOT, hidden=("hidden",)), current) if not given else [], NO_FILES
        case _ if isinstance(place.command, app.Plugin):
            return [], DEFAULT
        case "generate-doc":
            return [], DEFAULT
        case "shell":
            return (_matching(_instances(), current), NO_FILES) if not given else ([], DEFAULT)
        case name if name in _OF_INSTANCES:
            full = most is not None and len(given) >= most
            fresh = [row for row in _instances() if row[0] not in given]
            return [] if full else _matching(fresh, current), NO_FILES
        case "disk-usage":
            known = [*_instances(), *_data_disks()]
            return _matching([row for row in known if row[0] not in given], current), NO_FILES
        case name if name in _OF_FILES:
            return _OF_FILES[name](given, current)
        case "edit":
            return _matching(_instances(), current) if not given else [], DEFAULT
        case "template copy" if given:
            return [], DEFAULT
        case "template copy" | "template yq" if not given:
            return _matching(_templates(current), current), DEFAULT
        case "create" | "start" | "validate" | "template validate" if not given or name.endswith("validate"):
            known = _instances() if name == "start" else []
            return _matching([*known, *_templates(current)], current), DEFAULT
        case _:
            return [], NO_FILES


def _copy_words(_given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """Files, or the beginning of a file in an instance, of which the host's files tell nothing."""
    name, colon, _ = current.partition(":")
    if "/" in name or colon:
        return [], DEFAULT if "/" in name else NO_FILES
    return _matching([(f"{name}:", text) for name, text in _instances()], current), NO_SPACE


def _disk_words(given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """Data disks, each of them once."""
    return _matching([row for row in _disks() if row[0] not in given], current), NO_FILES


def _network_words(given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """Networks, each of them once."""
    return _matching([row for row in _networks() if row[0] not in given], current), NO_FILES


def _import_words(given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """The name of a disk, then a file."""
    return ([], DEFAULT) if given else (_matching(_disks(), current), NO_FILES)


def _umount_words(given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """An instance, then one of its mounts."""
    match given:
        case []:
            return _matching(_instances(), current), NO_FILES
        case [name]:
            return _matching(_mount_points(name), current), NO_FILES
        case _:
            return [], NO_FILES


def _mount_words(given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """What follows `limactl mount`: an instance, then a directory; or `verify`, an instance, then its mounts."""
    match given:
        case []:
            return _matching([*_instances(), ("verify", "Compare what both sides see")], current), NO_FILES
        case ["verify"]:
            return _matching(_instances(), current), NO_FILES
        case ["verify", name, *points]:
            return _matching([row for row in _mount_points(name) if row[0] not in points], current), NO_FILES
        case [_]:
            return [], DEFAULT
        case _:
            return [], NO_FILES


#: What the words of a command may be.
_OF_FILES: dict[str, Callable[[Sequence[str], str], tuple[list[Candidate], int]]] = {
    "copy": _copy_words,
    "disk import": _import_words,
    **dict.fromkeys(("network delete", "network list"), _network_words),
    **dict.fromkeys(("disk delete", "disk list", "disk unlock"), _disk_words),
    "disk resize": lambda given, current: _disk_words([], current) if not given else ([], NO_FILES),
    **dict.fromkeys(
        ("clone", "rename", "snapshot apply", "snapshot create", "snapshot delete", "snapshot list"),
        lambda given, current: ([] if given else _matching(_instances(), current), NO_FILES),
    ),
    "mount": _mount_words,
    "umount": _umount_words,
}


def _mount_points(name: str) -> list[Candidate]:
    """Where directories of the host are in an instance; none when it does not run."""
    from limavm.instance.mounts import mounts

    try:
        return [(mount.mount_point, mount.location) for mount in mounts(name)]
    except UserError:
        return []


def _instances() -> list[Candidate]:
    from limavm.store.instances import names

    return [(name, "") for name in names()]


def _data_disks() -> list[Candidate]:
    from limavm.instance.occupied import disk_names

    return [(name, "data disk") for name in disk_names() if not name.startswith(".")]


def _disks() -> list[Candidate]:
    from limavm.store.disks import names, owner

    return [(name, os.path.basename(owner(name))) for name in names()]


def _snapshots(place: Place) -> list[Candidate]:
    """The tags that the instance of the command has; none while none is named, or when it cannot be asked."""
    from limavm.instance.snapshots import table, tags

    if not place.name.startswith("snapshot ") or place.name == "snapshot create" or not place.positionals:
        return []
    try:
        return [(tag, "") for tag in tags(table(place.positionals[0]))]
    except UserError:
        return []


def _networks() -> list[Candidate]:
    from limavm.cli.networks import defined

    return [(name, network.mode) for name, network in sorted(defined().items())]


def _templates(current: str) -> list[Candidate]:
    """The templates; those in a directory that begins with `_` only once that is typed."""
    from limavm.config.templatestore import template_names

    typed = current.removeprefix("template:") if current.startswith("template:") else ""
    directory = typed.rpartition("/")[0]
    rows = []
    for name in template_names():
        below = name[len(directory) :].lstrip("/") if name.startswith(directory) else name
        if not below.startswith("_") or typed.rpartition("/")[2].startswith("_"):
            rows.append((f"template:{name}", ""))
    return rows


def _flag_values(flag: Flag, current: str, place: Place) -> tuple[list[Candidate], int]:
    """The candidates for the value of a flag, and the directive."""
    name = flag.name or ""
    if name in _DIRECTORIES:
        return [], DEFAULT
    if name == "set":
        from limavm.cli.setkeys import candidates

        return _matching([(value, "") for value in candidates(current)], current), NO_SPACE | NO_FILES
    if name == "tag":
        return _matching(_snapshots(place), current), NO_FILES
    return _matching([(value, "") for value in flagvalues.known(name)], current), NO_FILES


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
