"""The pages of the manual, one for each command, as data that comes from the program itself.

How they look is said in `manpage` and `markdown`. Plugins and hidden commands have none.
"""

from collections.abc import Iterator

import click

from limavm.cli import helptext
from limavm.cli.app import ROOT, Command, Group
from limavm.cli.flags import Flag
from limavm.cli.tree import Entry
from limavm.model.value import Value

#: The title of the flags that every command has.
GLOBAL = "Global flags"
#: A name, and a sentence about it.
Row = tuple[str, str]


class Page(Value, frozen=True, kw_only=True):
    """What there is to say of a command. `words` is its name, with that of limactl.

    `sections` are flags under titles; those of every command are under GLOBAL.
    """

    words: tuple[str, ...]
    description: str
    usage: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    examples: str = ""
    sections: tuple[tuple[str, tuple[Row, ...]], ...] = ()
    #: Groups of sub-commands under titles; a name is that of a page below this one.
    commands: tuple[tuple[str, tuple[Row, ...]], ...] = ()

    @property
    def summary(self) -> str:
        """The first line."""
        return self.description.partition("\n")[0]


def pages() -> list[Page]:
    """All pages, that of limactl first, each before those of its sub-commands."""
    return list(_below(click.Context(ROOT, info_name=ROOT.name)))


def _below(ctx: click.Context) -> Iterator[Page]:
    command = ctx.command
    if isinstance(command, Group):
        children = _children(ctx, command)
        yield _of_group(ctx, command, children)
        for _, child in children:
            yield from _below(child)
    elif isinstance(command, Command):
        yield _of_command(ctx, command)


def _children(ctx: click.Context, group: Group) -> list[tuple[Entry, click.Context]]:
    entries = [entry for entry in group.entries if entry.group != "hidden"] or [
        Entry(name, "", "", command.get_short_help_str(100)) for name, command in group.commands.items()
    ]
    found = [(entry, group.get_command(ctx, entry.name)) for entry in entries]
    return [(entry, click.Context(child, parent=ctx, info_name=entry.name)) for entry, child in found if child]


def _words(ctx: click.Context) -> tuple[str, ...]:
    return tuple(ctx.command_path.split())


def _of_group(ctx: click.Context, group: Group, children: list[tuple[Entry, click.Context]]) -> Page:
    titled = {
        title: [(entry.name, entry.summary) for entry, _ in children if entry.group == key]
        for key, title in helptext.TITLES.items()
    }
    return Page(
        words=_words(ctx),
        description=(group.help or "").strip(),
        usage=(f"{ctx.command_path} [flags]", f"{ctx.command_path} [command]"),
        aliases=tuple(helptext.aliases(ctx)),
        sections=(("Flags", _rows([*group.own_flags, *group.global_flags])),),
        commands=tuple(
            (title if ctx.parent is None else "Commands", tuple(rows)) for title, rows in titled.items() if rows
        ),
    )


def _of_command(ctx: click.Context, command: Command) -> Page:
    own = command.flag_titles or [("Flags", [flag.name or "" for flag in command.own_flags])]
    sections = [(title, _rows([flag for flag in command.own_flags if flag.name in names])) for title, names in own]
    topic = not command.usage and not command.own_flags and type(command) is not Command
    if topic:  # a text to be read, with nothing to be run
        return Page(words=_words(ctx), description=command.get_help(ctx).strip())
    return Page(
        words=_words(ctx),
        description=(command.help or "").strip(),
        usage=(helptext.usage_line(ctx),),
        aliases=tuple(helptext.aliases(ctx)),
        examples=command.examples.strip(),
        sections=tuple((title, rows) for title, rows in [*sections, (GLOBAL, _rows(command.global_flags))] if rows),
    )


def _rows(flags: list[Flag]) -> tuple[Row, ...]:
    return tuple((helptext.flag_cell(flag).strip(), flag.help or "") for flag in flags if not flag.hidden)
