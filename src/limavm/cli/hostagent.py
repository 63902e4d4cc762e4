"""`limactl hostagent`: hidden; the process that `start` leaves behind (spec/cli.md 6.22)."""

import os

from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag, Flag
from limavm.cli.session import Session
from limavm.errors import UserError
from limavm.host import paths


def _hostagent(
    session: Session, names: list[str], *, pidfile: str | None, socket: str | None, lock: int | None, **flags: object
) -> int:
    from limavm.hostagent.agent import main

    name = names[0]
    paths.check_instance_name(name)
    directory = paths.instance_dir(name)
    if not os.path.lexists(os.path.join(directory, paths.LIMA_YAML)):
        raise UserError(f"there is no instance {name!r}", hint="`limactl list` shows the instances")
    return main(
        name,
        pid_path=pidfile or os.path.join(directory, paths.HA_PID),
        socket_path=socket or os.path.join(directory, paths.HA_SOCK),
        foreground=bool(flags["foreground"]),
        progress=bool(flags["progress"]),
        debug=session.debug,
        lock=lock,
    )


COMMAND = Command(
    "hostagent",
    _hostagent,
    usage="INSTANCE",
    least=1,
    most=1,
    help="Run the host agent of an instance.",
    flags=[
        Flag(["-p", "--pidfile"], metavar="string", help="File for the process ID"),
        Flag(["--socket"], metavar="string", help="Unix socket of the HTTP API"),
        BoolFlag(["--foreground"], help="Copy what is said to the log files"),
        BoolFlag(["--progress"], help="Tell what cloud-init does"),
        Flag(["--lock"], type=int, hidden=True, help="Descriptor of the instance's lock"),
        # Lima's own start commands pass these; here the agent finds out by itself.
        BoolFlag(["--run-gui"], hidden=True),
        Flag(["--guestagent"], hidden=True),
        Flag(["--nerdctl-archive"], hidden=True),
    ],
)
