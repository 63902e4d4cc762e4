"""`limactl delete` (spec/cli.md 6.5)."""

from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.instances import reporter
from limavm.cli.session import Session
from limavm.errors import NotFoundError, UserError
from limavm.host import paths


def _delete(_session: Session, names: list[str], *, force: bool) -> None:
    from limavm.instance.delete import delete

    report = reporter()
    for name in names:
        paths.check_instance_name(name)
    strangers = []
    for name in dict.fromkeys(names):  # other failures end it: what follows is left alone
        try:
            delete(name, force=force, report=report)
        except NotFoundError as error:
            strangers.append(error)
    if strangers:
        raise UserError("\n".join(map(str, strangers))) from strangers[0]


COMMAND = Command(
    "delete",
    _delete,
    usage="INSTANCE...",
    least=1,
    help="Delete instances.\n\nThere is no question, and no way back.",
    flags=[BoolFlag(["-f", "--force"], help="Delete an instance that is running, too")],
    examples="limactl delete dev\nlimactl delete --force dev test",
)
