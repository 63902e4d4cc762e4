"""The command tree: a table of names, and click classes that load a command when it is used."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.core import ParameterSource, iter_params_for_processing

from limavm.cli import helptext, logs, session
from limavm.cli.flags import BoolFlag, Flag, Words
from limavm.errors import UserError


class Entry(NamedTuple):
    """One row of the command tree. `module` defines COMMAND, or what stands behind a colon."""

    name: str
    module: str
    group: str
    summary: str
    aliases: tuple[str, ...] = ()


#: spec/cli.md 1.6, as far as it is built. Empty group: not under a title; `hidden`: not shown.
COMMANDS = (
    Entry("create", "create", "basic", "Create an instance of Lima"),
    Entry("delete", "delete", "basic", "Delete instances", ("remove", "rm")),
    Entry("edit", "edit", "basic", "Change the configuration of an instance"),
    Entry("list", "list", "basic", "List instances", ("ls",)),
    Entry("restart", "restart", "basic", "Stop an instance and start it again"),
    Entry("shell", "shell", "basic", "Open a shell in an instance, or run a command there"),
    Entry("start", "start", "basic", "Start an instance, creating it when needed"),
    Entry("stop", "stop", "basic", "Stop instances"),
    Entry("autostart", "autostart", "advanced", "Start instances when you log in"),
    Entry("clone", "clone", "advanced", "Make a copy of an instance"),
    Entry("copy", "copy", "advanced", "Copy files between the host and instances", ("cp",)),
    Entry("disk", "disk", "advanced", "Data disks that outlive the instances that use them"),
    Entry("disk-usage", "diskusage", "advanced", "Show what instances and the cache occupy (limavm's own)"),
    Entry("factory-reset", "factoryreset", "advanced", "Make an instance as new as when it was created"),
    Entry("info", "info", "advanced", "Show what this installation offers, as JSON"),
    Entry("mount", "mount", "advanced", "Show, add or verify directories of the host in a running instance"),
    Entry("network", "network", "advanced", "Define networks that instances can share"),
    Entry("ports", "ports", "advanced", "Show which ports of an instance appear on the host"),
    Entry("protect", "protect", "advanced", "Keep instances from being deleted"),
    Entry("prune", "prune", "advanced", "Empty the cache of images"),
    Entry("rename", "rename", "advanced", "Give an instance another name"),
    Entry("screenshot", "screenshot", "advanced", "Take a picture of the display of a running instance"),
    Entry("show-ssh", "showssh", "advanced", "Show how ssh reaches an instance (deprecated)"),
    Entry("snapshot", "snapshot", "advanced", "Save states of a machine, and come back to them (experimental)"),
    Entry("sudoers", "sudoers", "advanced", "Print or check the sudo rules for networks (macOS)"),
    Entry("template", "template", "advanced", "Work with templates (experimental)", ("tmpl",)),
    Entry("timings", "timings", "advanced", "Show how long each phase of the last start took"),
    Entry("tunnel", "tunnel", "advanced", "Open a proxy into the network of an instance (experimental)"),
    Entry("umount", "mount:UMOUNT", "advanced", "Take a directory of the host away from a running instance"),
    Entry("unprotect", "protect:UNPROTECT", "advanced", "Allow instances to be deleted again"),
    Entry("validate", "validate", "advanced", "Check templates"),
    Entry("watch", "watch", "advanced", "Show what happens to instances, as it happens"),
    Entry("mcp", "mcp", "plugin", "Let AI agents work in an instance"),
    Entry("completion", "completion", "", "Print a completion script for a shell"),
    Entry("help", "help", "", "Show help for a command"),
    Entry("generate-doc", "gendoc", "hidden", "Write the manual", ("gendoc",)),
    Entry("generate-jsonschema", "jsonschema", "hidden", "Print the JSON schema of a configuration"),
    Entry("yq-restrictions", "topics:YQ_RESTRICTIONS", "topic", "What expressions of yq may not do"),
    Entry("debug", "debug", "hidden", "Run parts of limactl by hand"),
    Entry("guest-install", "guestinstall", "hidden", "Install the guest agent in a running instance"),
    Entry("hostagent", "hostagent", "hidden", "Run the host agent of an instance"),
    Entry("start-at-login", "autostart:AT_LOGIN", "hidden", "Start an instance when you log in (deprecated)"),
    Entry("__complete", "complete", "hidden", "Print completion candidates with descriptions"),
    Entry("__completeNoDesc", "complete:BARE", "hidden", "Print completion candidates"),
)


#: Commands of Lima that are not built yet.
LATER = frozenset({"usernet"})


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
                raise unknown_command(ctx.args[0], self.all_entries())
            print(self.get_help(ctx))
            return 0
        with ctx, command.make_context(command.name, ctx.args[1:], parent=ctx) as child:
            return command.invoke(child)

    def get_help(self, ctx: click.Context) -> str:
        """The whole help text."""
        return helptext.group_help(ctx, self)


def unknown_command(word: str, entries: Sequence[Entry]) -> UserError:
    """The error for a word that is no command; it lists the names that may have been meant."""
    if word in LATER:
        return UserError(f"the command {word!r} is not built yet", hint="Lima has it; a later version of limavm will")
    names = [entry.name for entry in entries if entry.group != "hidden"]
    close = [
        name
        for name in names
        if distance(word.lower(), name) <= 2 or name.startswith(word.lower()) or (word, name) == ("ssh", "shell")
    ]
    message = f"the command {word!r} is not known to limactl"
    if close:
        message += "\n\nDid you mean this?\n" + "".join(f"\t{name}\n" for name in close)
    return UserError(message)


def distance(left: str, right: str) -> int:
    """Levenshtein's distance between two words."""
    row = list(range(len(right) + 1))
    for index, letter in enumerate(left, 1):
        previous, row[0] = row[0], index
        for column, other in enumerate(right, 1):
            previous, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, previous + (letter != other))
    return row[-1]


def _show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from limavm.cli.fast import print_version

        print_version()
        ctx.exit()


ROOT = Group(
    "limactl",
    entries=COMMANDS,
    plugins=True,
    flags=[
        BoolFlag(
            ["-v", "--version"], is_eager=True, expose_value=False, callback=_show_version, help="Show the version"
        )
    ],
    help="Start, use and stop Linux virtual machines.",
)
