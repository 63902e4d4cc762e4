"""What the words of a command may be that are no flags (spec/cli.md 1.13)."""

from collections.abc import Callable, Sequence

import click

from limavm.cli import app
from limavm.cli.candidates import Candidate, data_disks, disks, instances, matching, mount_points, networks, templates

DEFAULT, ERROR, NO_SPACE, NO_FILES = 0, 1, 2, 4

#: Commands whose words are instances, each of them once.
_OF_INSTANCES = frozenset(
    {
        *("autostart disable", "autostart enable", "start-at-login"),
        *("delete", "factory-reset", "guest-install", "list", "mcp serve", "ports", "protect"),
        *("restart", "screenshot", "show-ssh", "stop", "timings", "tunnel", "unprotect", "watch"),
    }
)


def command_names(group: app.Group, *, hidden: tuple[str, ...] = ("hidden", "topic")) -> list[Candidate]:
    """The commands of a group, without those of the kinds that are `hidden`."""
    if group.entries:
        return [(entry.name, entry.summary) for entry in group.all_entries() if entry.group not in hidden]
    return [(name, command.get_short_help_str(100)) for name, command in group.commands.items()]


def positional(
    command: click.Command | None, name: str, given: Sequence[str], current: str
) -> tuple[list[Candidate], int]:
    """The candidates for a word behind the words `given` to the command of this name, and the directive."""
    most = getattr(command, "most", 0)
    match name:
        case "help":
            return matching(command_names(app.ROOT, hidden=("hidden",)), current) if not given else [], NO_FILES
        case _ if isinstance(command, app.Plugin):
            return [], DEFAULT
        case "generate-doc":
            return [], DEFAULT
        case "shell":
            return (matching(instances(), current), NO_FILES) if not given else ([], DEFAULT)
        case name if name in _OF_INSTANCES:
            full = most is not None and len(given) >= most
            fresh = [row for row in instances() if row[0] not in given]
            return [] if full else matching(fresh, current), NO_FILES
        case "disk-usage":
            known = [*instances(), *data_disks()]
            return matching([row for row in known if row[0] not in given], current), NO_FILES
        case name if name in _OF_FILES:
            return _OF_FILES[name](given, current)
        case "edit":
            return matching(instances(), current) if not given else [], DEFAULT
        case "template copy" if given:
            return [], DEFAULT
        case "template copy" | "template yq" if not given:
            return matching(templates(current), current), DEFAULT
        case "create" | "start" | "validate" | "template validate" if not given or name.endswith("validate"):
            known = instances() if name == "start" else []
            return matching([*known, *templates(current)], current), DEFAULT
        case _:
            return [], NO_FILES


def _copy_words(_given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """Files, or the beginning of a file in an instance, of which the host's files tell nothing."""
    name, colon, _ = current.partition(":")
    if "/" in name or colon:
        return [], DEFAULT if "/" in name else NO_FILES
    return matching([(f"{name}:", text) for name, text in instances()], current), NO_SPACE


def _disk_words(given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """Data disks, each of them once."""
    return matching([row for row in disks() if row[0] not in given], current), NO_FILES


def _network_words(given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """Networks, each of them once."""
    return matching([row for row in networks() if row[0] not in given], current), NO_FILES


def _import_words(given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """The name of a disk, then a file."""
    return ([], DEFAULT) if given else (matching(disks(), current), NO_FILES)


def _umount_words(given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """An instance, then one of its mounts."""
    match given:
        case []:
            return matching(instances(), current), NO_FILES
        case [name]:
            return matching(mount_points(name), current), NO_FILES
        case _:
            return [], NO_FILES


def _mount_words(given: Sequence[str], current: str) -> tuple[list[Candidate], int]:
    """What follows `limactl mount`: an instance, then a directory; or `verify`, an instance, then its mounts."""
    match given:
        case []:
            return matching([*instances(), ("verify", "Compare what both sides see")], current), NO_FILES
        case ["verify"]:
            return matching(instances(), current), NO_FILES
        case ["verify", name, *points]:
            return matching([row for row in mount_points(name) if row[0] not in points], current), NO_FILES
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
        lambda given, current: ([] if given else matching(instances(), current), NO_FILES),
    ),
    "mount": _mount_words,
    "umount": _umount_words,
}
