"""`limactl help [COMMAND]`."""

import sys

import click

from limavm.cli import app
from limavm.cli.session import Session


def _help(_session: Session, words: list[str]) -> None:
    context = click.Context(app.ROOT, info_name="limactl")
    for word in words:
        group = context.command
        child = group.get_command(context, word) if isinstance(group, app.Group) else None
        if child is None:
            print(f"There is no help for {' '.join(words)!r}.\n", file=sys.stderr)
            print(app.ROOT.get_help(context.find_root()), file=sys.stderr)
            return
        context = click.Context(child, parent=context, info_name=child.name)
    print(context.command.get_help(context))


COMMAND = app.Command("help", _help, usage="[COMMAND]", help="Show help for a command.")
