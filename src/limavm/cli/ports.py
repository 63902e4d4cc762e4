"""`limactl ports`: what is forwarded from an instance to the host, and why something is not."""

from limavm.cli import instances, portstable
from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session


def _ports(_session: Session, names: list[str], *, json: bool, watch: bool) -> int:
    from limavm.cli.watching import View
    from limavm.instance import ports

    name = instances.one_name(names)
    view = View(table=portstable.table, json_lines=portstable.json_lines, json_list=portstable.json_list)
    if watch:
        return view.watch(name, ports.watch(name), json=json)
    view.show(ports.ports(name), json=json)
    return 0


COMMAND = Command(
    "ports",
    _ports,
    usage="[INSTANCE]",
    most=1,
    help="""Show which ports of an instance appear on the host.

Everything that listens in the guest is shown, and every static rule and socket
of portForwards: its address in the guest and on the host, and the way that the
bytes take (hostfwd: the hypervisor; ssh; grpc: the guest agent).

The state is forwarded, pending (what it needs is not connected yet), failed
(tried again until it works) or ignored. The reason names the rule that decided,
or who holds the port of the host.""",
    flags=[
        BoolFlag(["--json"], help='As JSON: an object a line; with --watch a line {"ports":[...]} for each list'),
        BoolFlag(["--watch"], help="Show the list again at each change, until Ctrl-C"),
    ],
    examples="limactl ports\nlimactl ports dev --watch\nlimactl ports dev --json",
)
