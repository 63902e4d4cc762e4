"""A shell or a command inside an instance: what `limactl shell` and `lima` do (spec/cli.md 7).

`command_line` decides which ssh runs what, and `open_shell` becomes that ssh, so that exit codes and
signals are ssh's own. The flags are in `shell`. Everything is loaded for each `limactl shell X cmd`,
so that what is rarely needed is loaded late.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from limavm.cli import logs
from limavm.cli.become import become
from limavm.cli.session import Session
from limavm.errors import NotFoundError, UserError
from limavm.host import paths
from limavm.host.files import read_text
from limavm.instance.configuration import configuration
from limavm.model.config import Config
from limavm.model.value import Value
from limavm.ssh.client_cache import has_aes, load_client, ssh_argv
from limavm.ssh.identities import existing_identities
from limavm.ssh.options import Client, option_args, options, without_control
from limavm.ssh.quoting import remote_command, workdir_prefix
from limavm.store import processes

if TYPE_CHECKING:
    from limavm.cli.sync import Sync

#: Seconds that ssh waits for an answer on a connection of its own; an emulated guest takes a few. A dead
#: connection is given up after the third question.
_PATIENCE = 30
_ADDRESS = "127.0.0.1"
#: Words that are commands of limactl and hardly programs of the guest.
_OURS = ("create", "start", "delete", "shell")
#: OpenSSH before this one writes the end of a shared connection at level ERROR.
_TALKATIVE = (8, 9, 0)


class Options(Value, frozen=True, kw_only=True):
    """The flags of `shell`; with `instance` every positional belongs to the command."""

    instance: str = ""
    shell: str = ""
    workdir: str = ""
    reconnect: bool = False
    preserve_env: bool = False
    #: A directory of the host that is copied into the guest, and back when the shell has ended well.
    sync: str | None = None
    #: None: not given, so that the user may be asked.
    start: bool | None = None


def open_shell(session: Session, args: Sequence[str], flags: Options) -> int:
    """Become the ssh that runs the command, whose exit code is then ours.

    Raises UserError when the instance cannot be reached.
    """
    name, command = name_and_command(args, flags.instance)
    if command and command[0] in _OURS:
        logs.warning(f"{command[0]!r} is run inside the instance; `limactl {' '.join(command)}` may be what you mean")
    directory = paths.instance_dir(name)
    config = _config(name, directory)
    sync = None if flags.sync is None else _sync(session, config, flags)
    if _is_stopped(directory, config):
        _start(session, name, flags)
        config = _config(name, directory)
    if flags.reconnect:
        from limavm.cli.reconnect import drop_master

        drop_master(name, directory)
    if sync:
        argv = command_line(config, directory, command, replace(flags, sync=sync.directory), os.environ)
        return sync.run(name, config.user.home, argv, directory)
    return become(command_line(config, directory, command, flags, os.environ))


def _sync(session: Session, config: Config, flags: Options) -> "Sync":
    """What `--sync` asks for; raises UserError when it cannot be, before anybody is asked about a start."""
    if flags.workdir:
        raise UserError("--sync and --workdir exclude each other", hint="--sync works in the copy of its directory")
    if not flags.sync:
        raise UserError("--sync names no directory", hint="is a variable empty? `--sync .` is this directory")
    from limavm.cli.sync import Sync

    return Sync(session, flags.sync, config)


def name_and_command(args: Sequence[str], instance: str) -> tuple[str, list[str]]:
    """The instance and the words to run there; a `--` between them is dropped."""
    words = list(args)
    if not instance:
        if not words:
            raise UserError("which instance?", hint="name one, as in `limactl shell default`")
        instance = words.pop(0)
        if words[:1] == ["--"]:
            words.pop(0)
    paths.check_instance_name(instance)
    return instance, words


def command_line(
    config: Config, directory: str, command: Sequence[str], flags: Options, environment: Mapping[str, str]
) -> list[str]:
    """The ssh to run, and all of its arguments (spec/cli.md 7.4)."""
    program = _program(environment)
    client = _client(program)
    values = options(
        user=config.user.name,
        ssh=config.ssh,
        identities=existing_identities(paths.config_dir(), _home() or "", config.ssh.load_dot_ssh_pub_keys),
        control_path=os.path.join(directory, paths.SSH_SOCK),
        client=client,
        aes=has_aes(),
        windows=sys.platform == "win32",
    )
    if sys.platform == "win32":
        values = without_control(values)
    return [
        *program,
        *option_args(values),
        *["-t"] * sys.stdout.isatty(),
        *(["-o", "SendEnv=COLORTERM"] if environment.get("COLORTERM") else []),
        *["-o", "LogLevel=QUIET" if client.version < _TALKATIVE else "LogLevel=ERROR"],
        # Without a master, ssh would wait for minutes for a guest that is just booting, and for ever for one that
        # has forgotten the connection in a reboot.
        *["-o", f"ConnectTimeout={_PATIENCE}", "-o", f"ServerAliveInterval={_PATIENCE // 3}"],
        *["-p", str(_port(config, directory))],
        *[_ADDRESS, "--", _script(config, command, flags, environment)],
    ]


def _script(config: Config, command: Sequence[str], flags: Options, environment: Mapping[str, str]) -> str:
    prefix = workdir_prefix(
        workdir=flags.workdir or None,
        cwd=flags.sync or _cwd(environment),
        home=_home(),
        mounts=[] if config.plain else [(mount.location, mount.mount_point) for mount in config.mounts],
        shares_host=config.vm_type == "wsl2",
        synced_home=config.user.home if flags.sync else None,
        resolve=os.path.realpath,
    )
    passed: Mapping[str, str] = {}
    if flags.preserve_env:
        from limavm.cli import shellenv

        passed = shellenv.passed(environment)
    return remote_command(prefix, flags.shell or config.user.shell or None, command, passed)


def _program(environment: Mapping[str, str]) -> list[str]:
    try:
        return ssh_argv(environment)
    except ValueError as error:
        logs.warning(f"$SSH is not used, because it is no command line: {error}")
        return ["ssh"]


def _client(program: list[str]) -> Client:
    client = load_client(program)
    if client is None:
        from limavm.cli import logbridge
        from limavm.ssh.client import client_facts

        logbridge.install()
        client = client_facts(program)
    return client


def _port(config: Config, directory: str) -> int:
    """The port of the run that is going on, else the one that the configuration asks for."""
    for line in (read_text(os.path.join(directory, paths.SSH_CONFIG)) or "").splitlines():
        key, _, value = line.strip().partition(" ")
        if key == "Port" and value.strip().isdecimal():
            return int(value)
    if config.ssh.local_port:
        return config.ssh.local_port
    raise UserError(
        "the port of ssh is not known yet",
        where=os.path.join(directory, paths.SSH_CONFIG),
        hint="the instance may be starting: try again in a moment",
    )


def _cwd(environment: Mapping[str, str]) -> str | None:
    """The directory that we are in, under the name that the user's shell has for it."""
    named = environment.get("PWD", "")
    try:
        if os.path.isabs(named) and os.path.samefile(named, os.curdir):
            return named
    except OSError:
        pass
    try:
        return os.getcwd()
    except OSError as error:
        logs.warning(f"the current directory is unknown: {error.strerror}")
        return None


def _home() -> str | None:
    try:
        return paths.user_home()
    except UserError:
        return None


def _config(name: str, directory: str) -> Config:
    try:
        return configuration(directory)
    except NotFoundError as error:
        raise NotFoundError(
            f"there is no instance {name!r}",
            where=directory,
            hint=f"create it: `limactl create --name={name}`; `limactl list` shows those there are",
        ) from error


def _is_stopped(directory: str, config: Config) -> bool:
    """Whether neither the host agent nor the machine runs; a PID file that cannot be read is no proof."""
    try:
        return not processes.host_agent_pid(directory) and not processes.driver_pid(directory, config.vm_type)
    except ValueError:
        return False


def _start(session: Session, name: str, flags: Options) -> None:
    """Start the stopped instance if the user wants it; raises UserError otherwise."""
    wanted = bool(flags.start)
    if flags.start is None and session.tty:
        from limavm.cli.menu import confirm

        wanted = confirm(f"The instance {name!r} is stopped. Start it now?")
    if not wanted:
        raise UserError(f"the instance {name!r} is stopped", hint=f"start it: `limactl start {name}`")
    from limavm.cli.instances import reporter
    from limavm.instance.start import StartOptions, start

    start(name, StartOptions(debug=session.debug, quiet=True), report=reporter())
