"""`limactl stop` (spec/cli.md 6.3)."""

from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.instances import DEFAULT, each, reporter
from limavm.cli.session import Session


def _stop(_session: Session, names: list[str], *, force: bool) -> None:
    from limavm.instance.stop import stop

    report = reporter()
    each(names or [DEFAULT], lambda name: stop(name, force=force, report=report))


COMMAND = Command(
    "stop",
    _stop,
    usage="[INSTANCE]...",
    help="Stop instances.\n\nWithout a name, the instance `default`.",
    flags=[BoolFlag(["-f", "--force"], help="End the processes at once, without asking the guest")],
    examples="limactl stop\nlimactl stop --force dev",
)
