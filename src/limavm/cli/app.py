"""Commands and groups as classes of click: a command is loaded when it is used. Which there are is in `tree`."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import click
from click.core import ParameterSource, iter_params_for_processing

from limavm.cli import helptext, logs, session, tree
from limavm.cli.flags import BoolFlag, Flag, Words
from limavm.cli.tree import Entry
from limavm.errors import UserError

#: Commands whose question is answered by `--start`, so that `--yes` would be misread (spec/cli.md 1.4).
_YES_DEPRECATED = frozenset({"clone", "edit", "rename"})


def global_flags() -> list[Flag]:
    """The flags of every command (spec/cli.md 1.3)."""
    return [
        Flag(["--log-level"], metavar="string", help="Least level of log lines: trace, debug, info, warn, error"),
        Flag(["--log-format"], metavar="string", help="Format of log lines: text or json"),
        BoolFlag(["--debug"], help="Log at debug level, in the host agent and the guest as well"),
        BoolFlag(["--tty"], help="Allow menus, questions and the editor (default: standard output is a terminal)"),
        BoolFlag(["-y", "--yes"], help="Ask nothing: the same as --tty=false"),
        BoolFlag(["-h", "--help"], is_eager=True, expose_value=False, callback=_show_help, help="Show this help"),
    ]


def _show_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        print(ctx.command.get_help(ctx))
        ctx.exit()


class Command(click.Command):
    """A command with `least` to `most` positional arguments, called `usage` in its usage line.

    The callback gets the Session, the list of positionals, and its own flags by name. Names of
    `later` flags exist in Lima and not here yet: using one is an error that says so.
    """

    def __init__(
        self,
        name: str,
        callback: Callable[..., Any],
        *,
        usage: str = "",
        least: int = 0,
        most: int | None = None,
        flags: Sequence[Flag] = (),
        interspersed: bool = True,
        later: Sequence[str] = (),
        examples: str = "",
        flag_titles: Sequence[tuple[str, Sequence[str]]] = (),
        **attrs: Any,
    ) -> None:
        self.own_flags = list(flags)
        self.global_flags = global_flags()
        super().__init__(
            name, callback=callback, params=[*self.own_flags, *self.global_flags], add_help_option=False, **attrs
        )
        self.usage = usage
        self.least = least
        self.most = most
        self.interspersed = interspersed
        self.later = later
        self.examples = examples
        self.flag_titles = flag_titles

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Sort the words by `flags.Words`, let click convert the values."""
        flags = [*self.own_flags, *self.global_flags]
        words = Words(flags, interspersed=self.interspersed, later=self.later)
        words.sort(args)
        for param in iter_params_for_processing(words.order, flags):
            param.handle_parse_result(ctx, words.values, [])
        ctx.args = words.positionals
        return ctx.args

    def invoke(self, ctx: click.Context) -> Any:
        """Count the positionals, run the pre-run hook, then the command."""
        self._check_count(ctx, len(ctx.args))
        run = begin(ctx)
        own = {flag.name: ctx.params[flag.name] for flag in self.own_flags if flag.name in ctx.params}
        assert self.callback is not None
        return self.callback(run, ctx.args, **own)

    def _check_count(self, ctx: click.Context, count: int) -> None:
        if count >= self.least and (self.most is None or count <= self.most):
            return
        if self.most is None:
            wanted = f"at least {self.least}"
        elif self.least == self.most:
            wanted = f"exactly {self.least}"
        elif self.least == 0:
            wanted = f"at most {self.most}"
        else:
            wanted = f"{self.least} to {self.most}"
        arguments = "argument" if wanted.endswith(" 1") else "arguments"
        raise UserError(
            f'"{ctx.command_path}" takes {wanted} {arguments}, and got {count}\n'
            f"Run `{ctx.command_path} --help` for more.\n\n"
            f"Usage: {helptext.usage_line(ctx)}\n\n{self.summary}"
        )

    @property
    def summary(self) -> str:
        """The one-line description."""
        return (self.help or "").strip().partition("\n")[0]

    def get_help(self, ctx: click.Context) -> str:
        """The whole help text."""
        return helptext.command_help(ctx, self)


def begin(ctx: click.Context) -> session.Session:
    """The pre-run hook with the global flags of the command and of the groups before it."""
    given: dict[str, Any] = {}
    here: click.Context | None = ctx
    while here is not None:
        for flag in global_flags():
            name = flag.name or ""
            if here.get_parameter_source(name) is ParameterSource.COMMANDLINE and name != "help":
                given.setdefault(name, here.params[name])
        here = here.parent
    begun = session.begin(**given)
    if "yes" in given and ctx.command.name in _YES_DEPRECATED:
        logs.warning("--yes is deprecated here; use --tty=false, and --start to say whether to start the instance")
    return begun


class Plugin(Command):
    """Another program that is a command: all words that follow its name are its own (spec/cli.md 1.12)."""

    def __init__(self, name: str, callback: Callable[..., Any], *, help: str) -> None:  # noqa: A002 - click's name
        super().__init__(name, callback, usage="[ARGS]...", help=help)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words as they are."""
        ctx.args = args
        return args

    def get_help(self, ctx: click.Context) -> str:
        """What the plugin says of itself; the rest only the plugin knows."""
        return f"{self.help}\n\nRun `{ctx.command_path} --help` for its own help."


class Group(click.Group):
    """The root, or a command with sub-commands: prints its help unless a sub-command is named.

    The root has commands besides that are other programs: `plugins` tells of them.
    """

    def __init__(
        self,
        name: str,
        *,
        entries: Sequence[Entry] = (),
        flags: Sequence[Flag] = (),
        plugins: bool = False,
        **attrs: Any,
    ) -> None:
        self._plugins = plugins
        self.own_flags = list(flags)
        self.global_flags = global_flags()
        super().__init__(name, params=[*self.own_flags, *self.global_flags], add_help_option=False, **attrs)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of what is shown in help and completion."""
        return [entry.name for entry in self.entries if entry.group != "hidden"] or super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name or alias, loaded now."""
        for entry in self.entries:
            if cmd_name == entry.name or cmd_name in entry.aliases:
                module, _, attribute = entry.module.partition(":")
                command = getattr(import_module(f"limavm.cli.{module}"), attribute or "COMMAND")
                assert isinstance(command, click.Command)
                return command
        if self._plugins:
            from limavm.cli import plugin

            return plugin.command(cmd_name)
        return super().get_command(ctx, cmd_name)

    def all_entries(self) -> list[Entry]:
        """The commands that are built in, then the plugins that are not hidden by one of them."""
        if not self._plugins:
            return list(self.entries)
        from limavm.cli import plugin

        own = {name for entry in self.entries for name in (entry.name, *entry.aliases)}
        found = (Entry(name, "", "plugin", text) for name, text in plugin.shown())
        return [*self.entries, *(entry for entry in found if entry.name not in own)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Sort the words up to the first that is no flag: the sub-command."""
        flags = [*self.own_flags, *self.global_flags]
        words = Words(flags, interspersed=False)
        words.sort(args)
        for param in iter_params_for_processing(words.order, flags):
            param.handle_parse_result(ctx, words.values, [])
        ctx.args = words.positionals
        return ctx.args

    def invoke(self, ctx: click.Context) -> Any:
        """Run the sub-command; the root calls an unknown one an error, others show their help."""
        command = self.get_command(ctx, ctx.args[0]) if ctx.args else None
        if command is None:
            if ctx.args and ctx.parent is None:
                raise tree.unknown_command(ctx.args[0], self.all_entries())
            print(self.get_help(ctx))
            return 0
        with ctx, command.make_context(command.name, ctx.args[1:], parent=ctx) as child:
            return command.invoke(child)

    def get_help(self, ctx: click.Context) -> str:
        """The whole help text."""
        return helptext.group_help(ctx, self)


def _show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from limavm.cli.fast import print_version

        print_version()
        ctx.exit()


ROOT = Group(
    "limactl",
    entries=tree.COMMANDS,
    plugins=True,
    flags=[
        BoolFlag(
            ["-v", "--version"], is_eager=True, expose_value=False, callback=_show_version, help="Show the version"
        )
    ],
    help="Start, use and stop Linux virtual machines.",
)
