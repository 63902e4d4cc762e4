"""`limactl shell`: the flags of `remote`."""

from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag, Flag
from limavm.cli.session import Session


def _shell(session: Session, args: list[str], **flags: object) -> int:
    from limavm.cli import remote

    given = {name: value for name, value in flags.items() if value is not None}
    return remote.open_shell(session, args, remote.Options(**given))  # type: ignore[arg-type] # click converted them


COMMAND = Command(
    "shell",
    _shell,
    usage="INSTANCE [COMMAND...]",
    interspersed=False,
    help="""Open a shell in an instance, or run a command there.

Flags stand before the instance: what follows it is the command, with its own
flags. The exit code is that of the command; 255 means that ssh failed.

With --sync the shell works on a copy of a directory, in an instance that has
no mounts. When it has ended with exit code 0, what it has changed can be
viewed, brought back, or discarded. What has been changed on the host meanwhile
is neither overwritten nor deleted.""",
    flags=[
        Flag(["--instance"], metavar="string", hidden=True, help="The instance; all arguments are the command then"),
        Flag(["--shell"], metavar="string", help="Shell in the instance, such as /bin/sh (default: the user's)"),
        Flag(["--workdir"], metavar="string", help="Directory in the instance; the command fails without it"),
        BoolFlag(["--reconnect"], help="Drop the shared ssh connection first, for new groups or limits to count"),
        BoolFlag(["--preserve-env"], help="Pass on variables of the host (see LIMA_SHELLENV_BLOCK, _ALLOW)"),
        Flag(["--sync"], metavar="dir", help="Copy this directory into the instance, and ask before changes come back"),
        BoolFlag(["--start"], default=None, help="Start the instance if it is stopped; --start=false: never ask"),
    ],
    examples="""limactl shell default
limactl shell default uname -a
limactl shell --workdir=/tmp default ls -l
limactl shell --sync=. default make test""",
)
