"""The tree of commands as a table of names, and what is said about a name that is not in it (spec/cli.md 1.5, 1.6)."""

from collections.abc import Sequence
from typing import NamedTuple

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


def unknown_command(word: str, entries: Sequence[Entry]) -> UserError:
    """The error for a word that is no command; it lists the names that may have been meant."""
    from limavm.config.spelling import distance

    if word in LATER:
        return UserError(f"the command {word!r} is not built yet", hint="Lima has it; a later version of limavm will")
    names = [entry.name for entry in entries if entry.group != "hidden"]
    close = [
        name
        for name in names
        if distance(word.lower(), name) <= 2 or name.startswith(word.lower()) or (word, name) == ("ssh", "shell")
    ]
    message = f"unknown command {word!r} of limactl"
    if close:
        message += "\n\nDid you mean this?\n" + "".join(f"\t{name}\n" for name in close)
    return UserError(message, hint="`limactl --help` shows the commands")
