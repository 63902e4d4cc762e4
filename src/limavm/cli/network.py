"""`limactl network`: the networks that instances can share (spec/cli.md 6.20). What changes them is in `networks`."""

from limavm.cli import logs
from limavm.cli.app import Command, Group
from limavm.cli.flags import BoolFlag, Flag
from limavm.cli.session import Session
from limavm.cli.tree import Entry
from limavm.errors import UserError
from limavm.model.network import MODES, USER_V2


def _list(_session: Session, names: list[str], *, json: bool) -> None:
    from limavm.cli import networks, output

    known = networks.defined()
    for name in names:
        if name not in known:
            logs.warning(f"there is no network {name!r}")
    wanted = [name for name in names if name in known] if names else sorted(known)
    if json:
        for name in wanted:
            print(output.json_text(networks.as_json(name, known[name])))
    else:
        rows = [(name, *networks.cells(known[name])) for name in wanted]
        print(output.table([("NAME", "MODE", "GATEWAY", "INTERFACE"), *rows]), end="")


def _create(_session: Session, args: list[str], *, mode: str, gateway: str, interface: str) -> None:
    from limavm.cli import networks

    if mode not in MODES:
        logs.warning(f"nothing is known of the mode {mode!r}; known are {', '.join(MODES)}")
    networks.create(args[0], networks.entry(mode, gateway, interface))
    logs.info(f"the network {args[0]!r} is defined")


def _delete(_session: Session, names: list[str], *, force: bool) -> None:
    from limavm.cli import networks

    if not force:
        message = "a network is removed whether it is used or not"
        raise UserError(message, hint="say that you want this with --force")
    for name, users in networks.users(names).items():
        logs.warning(f"the network {name!r} is named by {', '.join(map(repr, users))}, which cannot start without it")
    unknown = networks.delete(names)
    for name in unknown:
        logs.warning(f"there is no network {name!r}")
    # Who asks what is defined makes the file.
    known = networks.defined() if USER_V2 in names or set(names).difference(unknown) else {}
    for name in sorted(known.keys() & set(names)):
        logs.info(f"the network {name!r} is always there, with its default address from now on")


LIST = Command(
    "list",
    _list,
    usage="[NETWORK...]",
    help="List networks, whether they can be used on this host or not.",
    flags=[BoolFlag(["--json"], help="Print JSON, one object a line")],
    examples="limactl network list\nlimactl network list --json",
)

CREATE = Command(
    "create",
    _create,
    usage="NETWORK",
    least=1,
    most=1,
    help="Define a network.",
    flags=[
        Flag(["--mode"], metavar="string", default=USER_V2, help="user-v2, host, shared or bridged"),
        Flag(["--gateway"], metavar="string", default="", help="Its address and size, such as 192.168.42.1/24"),
        Flag(["--interface"], metavar="string", default="", help="The interface of the host, for the mode bridged"),
    ],
    examples="""limactl network create dev --gateway 192.168.42.1/24
limactl create --network lima:dev --name one""",
)

DELETE = Command(
    "delete",
    _delete,
    usage="NETWORK...",
    least=1,
    help="Remove networks.",
    flags=[BoolFlag(["-f", "--force"], help="Remove them whether they are used or not (required)")],
    examples="limactl network delete --force dev",
)

COMMAND = Group(
    "network",
    entries=(
        Entry("create", "network:CREATE", "", "Define a network"),
        Entry("delete", "network:DELETE", "", "Remove networks", ("remove", "rm")),
        Entry("list", "network:LIST", "", "List networks", ("ls",)),
    ),
    help="Define networks that instances can share.",
)
