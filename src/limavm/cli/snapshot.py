"""`limactl snapshot`: states of a machine to come back to (spec/cli.md 6.19)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from limavm.cli import logs
from limavm.cli.app import Command, Group
from limavm.cli.flags import BoolFlag, Flag
from limavm.cli.instances import one_name, reporter
from limavm.cli.session import Session
from limavm.cli.tree import Entry

if TYPE_CHECKING:
    from limavm.instance.snapshots import Work


def _warn() -> None:
    logs.warning("`limactl snapshot` is experimental")


def _work(work: "Work") -> Callable[..., None]:
    def callback(_session: Session, args: list[str], *, tag: str) -> None:
        from limavm.instance import snapshots

        _warn()
        snapshots.act(work, one_name(args), tag, report=reporter())

    return callback


def _list(_session: Session, args: list[str], *, quiet: bool) -> None:
    from limavm.instance import snapshots

    _warn()
    reporter()
    text = snapshots.table(one_name(args))
    print("".join(f"{tag}\n" for tag in snapshots.tags(text)) if quiet else text, end="")


def _tag() -> Flag:
    return Flag(["--tag"], metavar="string", default="", help="The name of the snapshot (required)")


CREATE = Command(
    "create",
    _work("create"),
    usage="INSTANCE",
    least=1,
    help="""Save the state of a machine.

Of one that is running, memory and all disks are saved, while it stands still
for a moment; of one that is stopped, its own disk.""",
    flags=[_tag()],
    examples="limactl snapshot create dev --tag before-upgrade",
)

APPLY = Command(
    "apply",
    _work("apply"),
    usage="INSTANCE",
    least=1,
    help="""Bring a machine back to a state that was saved.

What has happened since is lost. A running machine goes on where it was, with
its programs; a snapshot of a stopped machine is applied to a stopped one.""",
    flags=[_tag()],
    examples="limactl snapshot apply dev --tag before-upgrade",
)

DELETE = Command(
    "delete",
    _work("delete"),
    usage="INSTANCE",
    least=1,
    help="Delete a snapshot; the machine stays as it is.",
    flags=[_tag()],
    examples="limactl snapshot delete dev --tag before-upgrade",
)

LIST = Command(
    "list",
    _list,
    usage="INSTANCE",
    least=1,
    help="List the snapshots of a machine.",
    flags=[BoolFlag(["-q", "--quiet"], help="Print the tags only")],
    examples="limactl snapshot list dev",
)

COMMAND = Group(
    "snapshot",
    entries=(
        Entry("apply", "snapshot:APPLY", "", "Bring a machine back to a state that was saved", ("load",)),
        Entry("create", "snapshot:CREATE", "", "Save the state of a machine", ("save",)),
        Entry("delete", "snapshot:DELETE", "", "Delete a snapshot", ("del",)),
        Entry("list", "snapshot:LIST", "", "List the snapshots of a machine", ("ls",)),
    ),
    help="Save states of a machine, and come back to them (experimental; QEMU only).",
)
