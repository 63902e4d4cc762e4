"""Help texts: usage, flags and commands in the layout of spec/cli.md 1.7."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from limavm.cli.app import Command, Group
    from limavm.cli.flags import Flag

#: Titles of groups of commands, in the order of help.
TITLES = {
    "basic": "Basic commands",
    "advanced": "Advanced commands",
    "plugin": "Plugins (experimental)",
    "": "Other commands",
    "topic": "Additional help topics",
}
_FLAG_COLUMN = 25
#: The narrowest terminal that everything fits into.
_LINE = 80


def command_help(ctx: click.Context, command: "Command") -> str:
    """Description, usage, aliases, examples, own flags, global flags."""
    parts = [(command.help or "").strip(), f"Usage:\n  {usage_line(ctx)}"]
    if names := aliases(ctx):
        parts.append("Aliases:\n  " + ", ".join(names))
    if command.examples:
        parts.append("Examples:\n" + _indented(command.examples))
    parts += _flag_blocks(command)
    parts.append("Global flags:\n" + flag_lines(command.global_flags))
    return "\n\n".join(parts)


def group_help(ctx: click.Context, group: "Group") -> str:
    """Description, usage, sub-commands under their titles, flags."""
    parts = [(group.help or "").strip(), f"Usage:\n  {ctx.command_path} [flags]\n  {ctx.command_path} [command]"]
    entries = group.all_entries()
    for key, title in (TITLES if any(entry.group for entry in entries) else {"": "Commands"}).items():
        rows = [(entry.name, entry.summary) for entry in entries if entry.group == key]
        if rows:
            parts.append(f"{title}:\n" + _columns(rows))
    children = [(name, command.get_short_help_str(100)) for name, command in group.commands.items()]
    if children:
        parts.append("Commands:\n" + _columns(children))
    parts.append("Flags:\n" + flag_lines([*group.own_flags, *group.global_flags]))
    parts.append(f"Run `{ctx.command_path} [command] --help` for more about a command.")
    return "\n\n".join(parts)


def usage_line(ctx: click.Context) -> str:
    """`limactl stop [flags] [INSTANCE...]`."""
    usage = getattr(ctx.command, "usage", "")
    return " ".join(filter(None, [ctx.command_path, "[flags]", usage]))


def flag_lines(flags: Iterable["Flag"]) -> str:
    """One line a flag; its cell is 25 columns wide, or the text goes on below."""
    return _columns([(flag_cell(flag), flag.help or "") for flag in flags if not flag.hidden], _FLAG_COLUMN)


def _flag_blocks(command: "Command") -> list[str]:
    """The own flags under one title, or under those that the command gives them."""
    titles: Sequence[tuple[str, Sequence[str]]] = command.flag_titles
    if not titles:
        shown = [flag for flag in command.own_flags if not flag.hidden]
        return ["Flags:\n" + flag_lines(shown)] if shown else []
    return [
        f"{title}:\n" + flag_lines(flag for flag in command.own_flags if flag.name in names) for title, names in titles
    ]


def flag_cell(flag: "Flag") -> str:
    """Names and value of a flag, `-f, --format string`; four blanks stand for a short name."""
    short = [name for name in flag.opts if not name.startswith("--")]
    long = [name for name in flag.opts if name.startswith("--")]
    cell = (", ".join([*short, *long])) if short else "    " + ", ".join(long)
    if not flag.takes_value:
        return cell
    return f"{cell} {flag.metavar or flag.type.name}"


def _columns(rows: Sequence[tuple[str, str]], width: int = 0) -> str:
    width = width or max(len(left) for left, _ in rows) + 2
    lines = []
    for left, right in rows:
        parts = _wrapped(right, _LINE - 2 - width)
        if len(left) > width - 2:  # two blanks keep the columns apart
            lines.append(f"  {left}")
        else:
            lines.append(f"  {left:<{width}}{parts.pop(0)}".rstrip())
        lines.extend(f"  {'':<{width}}{part}" for part in parts)
    return "\n".join(lines)


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a text that is broken at blanks, at least one."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return lines


def aliases(ctx: click.Context) -> list[str]:
    """The names of a command that has more than one."""
    parent = ctx.parent.command if ctx.parent else None
    for entry in getattr(parent, "entries", ()):
        if entry.name == ctx.command.name and entry.aliases:
            return [entry.name, *entry.aliases]
    return []


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.strip().splitlines())
