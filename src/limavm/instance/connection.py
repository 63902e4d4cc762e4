"""How programs of the command line reach the guest of an instance over ssh (spec/cli.md 7.4 and 8.3)."""

import os
import sys
from collections.abc import Mapping

from limavm.errors import UserError
from limavm.host import paths
from limavm.instance.inspect import inspect
from limavm.model.config import SSH, Config
from limavm.model.instance import Instance, Status
from limavm.model.value import Value
from limavm.ssh.client import Client, client_facts
from limavm.ssh.client_cache import has_aes, ssh_argv
from limavm.ssh.copy import Peer, for_several
from limavm.ssh.identities import existing_identities
from limavm.ssh.options import option_args, options

#: Seconds that ssh waits for an answer on a connection of its own, and between two questions whether a guest lives.
_PATIENCE = ("ConnectTimeout=30", "ServerAliveInterval=10")
#: OpenSSH before this one writes the end of a shared connection at level ERROR.
_TALKATIVE = (8, 9, 0)


class Connection(Value, frozen=True, kw_only=True):
    """One instance for ssh: `options` are `Key=Value` texts, `program` is ssh with its first arguments.

    `patience` are options as well: how long ssh waits, and of what it is silent.
    """

    name: str
    peer: Peer
    program: tuple[str, ...]
    options: tuple[str, ...]
    patience: tuple[str, ...]
    client: Client

    @property
    def all_options(self) -> list[str]:
        """The options of this instance."""
        return [*self.options, *self.patience]

    @property
    def options_of_any(self) -> list[str]:
        """The options that suit other instances as well."""
        return [*for_several(self.options), *self.patience]

    def ssh(self) -> list[str]:
        """The ssh to which rsync and others add a host and a command."""
        return [*self.program, *option_args(self.all_options), "-p", str(self.peer.port)]

    def argv(self, command: str) -> list[str]:
        """The ssh that runs a command line of the guest's shell."""
        return [*self.ssh(), f"{self.peer.user}@{self.peer.address}", command]


def connection(name: str, environment: Mapping[str, str]) -> Connection:
    """The way to an instance that runs; raises UserError for one that is missing, stopped or wrongly configured.

    X11 and the ssh agent are not forwarded, and no keys but ours are offered, as suits copying.
    """
    return connection_to(running(name), environment)


def running(name: str) -> Instance:
    """The instance, unless it is missing or stopped: then a UserError says what to do."""
    instance = inspect(name)
    if instance.status is Status.STOPPED:
        raise UserError(f"the instance {name!r} is stopped", hint=f"start it: `limactl start {name}`")
    return instance


def connection_to(instance: Instance, environment: Mapping[str, str]) -> Connection:
    """The way to an instance that was inspected; raises UserError when it cannot be known."""
    config = known_config(instance, "the instance may be starting: try again in a moment")
    program = ssh_program(environment)
    client = client_facts(program)
    values = options(
        user=config.user.name,
        ssh=SSH(),
        identities=existing_identities(paths.config_dir(), "", False),
        control_path=os.path.join(instance.dir, paths.SSH_SOCK),
        client=client,
        aes=has_aes(),
        windows=sys.platform == "win32",
    )
    return Connection(
        name=instance.name,
        peer=Peer(user=config.user.name, address=instance.ssh_address, port=instance.ssh_local_port),
        program=tuple(program),
        options=tuple(values),
        patience=("LogLevel=QUIET" if client.version < _TALKATIVE else "LogLevel=ERROR", *_PATIENCE),
        client=client,
    )


def known_config(instance: Instance, without_port: str) -> Config:
    """The configuration of an instance whose port of ssh is known; else a UserError, with the hint `without_port`."""
    if instance.config is None:
        raise UserError(
            f"the configuration of the instance {instance.name!r} is wrong",
            where=instance.dir,
            hint="; ".join(instance.errors) or None,
        )
    if not instance.ssh_local_port:
        message = f"the port of ssh of the instance {instance.name!r} is not known yet"
        raise UserError(message, where=instance.ssh_config_file, hint=without_port)
    return instance.config


def ssh_program(environment: Mapping[str, str]) -> list[str]:
    """`$SSH` or `ssh`; raises UserError when the former is no command line."""
    try:
        return ssh_argv(environment)
    except ValueError as error:
        raise UserError(f"$SSH is no command line: {error}", where=environment.get("SSH")) from error
