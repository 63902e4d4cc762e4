"""`limactl disk`: data disks, which outlive the instances that use them (spec/cli.md 6.18)."""

from limavm.cli import logs
from limavm.cli.app import Command, Group
from limavm.cli.flags import BoolFlag, Flag
from limavm.cli.instances import each_of, reporter
from limavm.cli.session import Session
from limavm.cli.tree import Entry
from limavm.errors import UserError


def _create(_session: Session, args: list[str], *, size: str | None, **flags: str) -> None:
    from limavm.instance import disks

    disks.create(args[0], _bytes(size), flags["format"], report=reporter())


def _bytes(size: str | None) -> int:
    from limavm.model.size import parse_size

    if size is None:
        raise UserError("the flag --size is required", hint="such as --size=10GiB")
    try:
        return parse_size(size)
    except ValueError as error:
        raise UserError(str(error), where="--size", hint="such as --size=10GiB") from error


def _import(_session: Session, args: list[str]) -> None:
    from limavm.instance import disks

    disks.import_file(args[0], args[1], report=reporter())


def _resize(_session: Session, args: list[str], *, size: str | None) -> None:
    from limavm.instance import disks

    disks.resize(args[0], _bytes(size), report=reporter())


def _delete(_session: Session, names: list[str], *, force: bool) -> None:
    from limavm.instance import disks

    report = reporter()
    each_of(names, lambda name: disks.delete(name, force=force, report=report))


def _unlock(_session: Session, names: list[str]) -> None:
    from limavm.instance import disks

    report = reporter()
    each_of(names, lambda name: disks.unlock(name, report=report))


def _list(_session: Session, names: list[str], *, json: bool) -> None:
    from limavm.cli import output
    from limavm.errors import NotFoundError
    from limavm.instance import disks
    from limavm.model.size import format_size
    from limavm.store.disks import names as all_names

    found = []
    for name in names or all_names():
        try:
            found.append(disks.inspect(name))
        except NotFoundError as error:
            logs.warning(str(error))
        except (UserError, OSError) as error:
            logs.error(f"the disk {name!r} cannot be read: {error}")
    if json:
        for disk in found:
            print(output.json_text(disk))
        return
    rows = [(disk.name, format_size(disk.size), disk.format, disk.dir, disk.instance) for disk in found]
    print(output.table([("NAME", "SIZE", "FORMAT", "DIR", "IN-USE-BY"), *rows]), end="")
    if not found and not names:
        logs.warning("There are no disks; `limactl disk create NAME --size 10GiB` makes one")


_SIZE = Flag(["--size"], metavar="string", help="What a machine sees, such as 10GiB (required)")

CREATE = Command(
    "create",
    _create,
    usage="DISK",
    least=1,
    most=1,
    help="Create an empty disk.\n\nIt takes room on the host only for what is written to it.",
    flags=[_SIZE, Flag(["--format"], metavar="string", default="qcow2", help="qcow2 or raw (default qcow2)")],
    examples="limactl disk create data --size 10GiB\nlimactl create --set '.additionalDisks = [\"data\"]' --name dev",
)

IMPORT = Command(
    "import",
    _import,
    usage="DISK FILE",
    least=2,
    most=2,
    help="Make a disk of a copy of a file.\n\nThe file is qcow2, or anything else, which is taken as raw.",
    examples="limactl disk import data backup.qcow2",
)

LIST = Command(
    "list",
    _list,
    usage="[DISK...]",
    help="List disks.",
    flags=[BoolFlag(["--json"], help="Print JSON, one object a line")],
    examples="limactl disk list\nlimactl disk list --json",
)

RESIZE = Command(
    "resize",
    _resize,
    usage="DISK",
    least=1,
    most=1,
    help="""Make a disk larger.

No running machine may have it. Its file system grows at the next start of the
machine that mounts it.""",
    flags=[_SIZE],
    examples="limactl disk resize data --size 20GiB",
)

DELETE = Command(
    "delete",
    _delete,
    usage="DISK...",
    least=1,
    help="Delete disks with all that is on them.\n\nThere is no question, and no way back.",
    flags=[BoolFlag(["-f", "--force"], help="Also one that a machine uses, or that a configuration names")],
    examples="limactl disk delete data",
)

UNLOCK = Command(
    "unlock",
    _unlock,
    usage="DISK...",
    least=1,
    help="""Take disks from the instance that has them, which must not run.

This is hardly ever needed: what an instance that has ended left locked can be
used by others all the same.""",
    examples="limactl disk unlock data",
)

COMMAND = Group(
    "disk",
    entries=(
        Entry("create", "disk:CREATE", "", "Create an empty disk"),
        Entry("delete", "disk:DELETE", "", "Delete disks", ("remove", "rm")),
        Entry("import", "disk:IMPORT", "", "Make a disk of a copy of a file"),
        Entry("list", "disk:LIST", "", "List disks", ("ls",)),
        Entry("resize", "disk:RESIZE", "", "Make a disk larger"),
        Entry("unlock", "disk:UNLOCK", "", "Take disks from an instance that does not run"),
    ),
    help="Data disks, which outlive the instances that use them (`additionalDisks`).",
)
