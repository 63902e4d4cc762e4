"""`limactl delete` (spec/cli.md 6.5)."""

from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.instances import reporter
from limavm.cli.session import Session
from limavm.host import paths


def _delete(_session: Session, names: list[str], *, force: bool) -> None:
    from limavm.instance.delete import delete

    report = reporter()
    for name in names:
        paths.check_instance_name(name)
    for name in dict.fromkeys(names):  # the first failure ends it: what follows is left alone
        delete(name, force=force, report=report)


COMMAND = Command(
    "delete",
    _delete,
    usage="INSTANCE...",
    least=1,
    help="Delete instances.\n\nThere is no question, and no way back.",
    flags=[BoolFlag(["-f", "--force"], help="Delete an instance that is running, too")],
    examples="limactl delete dev\nlimactl delete --force dev test",
)
