"""`limactl list`: the flags of `listing`."""

from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag, Flag
from limavm.cli.session import Session


def _list(_session: Session, names: list[str], **flags: object) -> int:
    from limavm.cli import listing

    return listing.show(names, listing.Options(**flags))  # type: ignore[arg-type] # click converted them


COMMAND = Command(
    "list",
    _list,
    usage="[INSTANCE]...",
    help="""List instances.

The format is a table, json (an object a line), yaml, or a Go template such as
'{{.Name}} {{.Status}}'; --list-fields shows the fields of templates.""",
    flags=[
        Flag(["-f", "--format"], metavar="string", help="Format: table, json, yaml, or a Go template"),
        BoolFlag(["--json"], help="The same as --format=json"),
        BoolFlag(["-q", "--quiet"], help="Names only"),
        BoolFlag(["--all-fields"], help="Show every column of the table, however narrow the terminal"),
        BoolFlag(["--list-fields"], help="Show the fields that a Go template may use"),
        Flag(["--yq"], metavar="string", multiple=True, help="Show what a yq expression makes of the JSON"),
        Flag(["-l", "--filter"], metavar="string", multiple=True, help="Only instances for which it is true"),
    ],
    examples="""limactl list
limactl list --format '{{.Name}}: {{.Status}}'
limactl list --json default
limactl list --filter '.cpus > 2' --yq .name""",
)
