"""The instance that the tools work in, as `limactl list --json` tells of it (spec/cli.md 11)."""

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from limavm.errors import UserError
from limavm.host import aprocess
from limavm.host.installation import limactl_argv
from limavm.mcp.places import Mount
from limavm.model.instance import Status, hostname_of
from limavm.ssh.client_cache import ssh_argv

#: Seconds for `limactl list`.
_PATIENCE = 60.0
#: No other shell starts a master that outlives us, nobody is asked, and a dead guest is given up.
_OPTIONS = ("ControlMaster=no", "BatchMode=yes", "ConnectTimeout=30", "ServerAliveInterval=10")


class _Config(msgspec.Struct, rename="camel"):
    mounts: list[Mount] | None = None
    plain: bool | None = None


class _Listed(msgspec.Struct, rename="camel"):
    name: str
    status: str
    dir: str
    config: _Config | None = None
    errors: list[Any] | None = None


class _LogLine(msgspec.Struct):
    msg: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An instance that runs."""

    name: str
    dir: str
    mounts: tuple[Mount, ...]

    def sftp_argv(self, environment: Mapping[str, str]) -> list[str]:
        """The ssh that becomes a connection to the guest's SFTP server."""
        try:
            program = ssh_argv(environment)
        except ValueError as error:
            raise UserError(f"$SSH is no command line: {error}", where=environment.get("SSH")) from error
        options = [word for option in _OPTIONS for word in ("-o", option)]
        return [*program, "-F", os.path.join(self.dir, "ssh.config"), *options, "-s", hostname_of(self.name), "sftp"]


def limactl(environment: Mapping[str, str]) -> list[str]:
    """The limactl to use: $LIMACTL, or the one that we belong to."""
    return [environment["LIMACTL"]] if environment.get("LIMACTL") else limactl_argv()


async def running(name: str, environment: Mapping[str, str]) -> Target:
    """The instance; raises UserError for one that is missing, wrong, or does not run."""
    argv = [*limactl(environment), "--log-format=json", "list", "--json", "--", name]
    try:
        done = await aprocess.complete(argv, timeout=_PATIENCE, most=64 << 20)
    except TimeoutError as error:
        raise UserError("limactl list does not come to an end", where=" ".join(argv)) from error
    if done.status:
        raise UserError(f"limactl cannot tell of {name!r}: {_message(done.stderr)}")
    try:
        found = msgspec.json.decode(done.stdout, type=_Listed)
    except msgspec.DecodeError as error:
        raise UserError(f"what limactl tells of {name!r} cannot be read: {error}", where=" ".join(argv)) from error
    if found.errors:
        raise UserError(f"the instance {name!r} is not as it should be: {'; '.join(map(str, found.errors))}")
    if found.status != Status.RUNNING.value:
        raise UserError(
            f"the instance {name!r} is not running: its status is {found.status or 'unknown'}",
            where=found.dir,
            hint=f"start it: `limactl start {name}`",
        )
    config = found.config or _Config()
    mounts = () if config.plain else tuple(config.mounts or ())
    return Target(name=found.name, dir=found.dir, mounts=mounts)


def _message(errors: bytes) -> str:
    """What the last log line says."""
    last = errors.strip().rpartition(b"\n")[2]
    try:
        return msgspec.json.decode(last, type=_LogLine).msg
    except msgspec.DecodeError:
        return last.decode(errors="replace")
