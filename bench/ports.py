"""How soon a port that is opened in the guest is open on the host, and gone when it is closed (Linux)."""

import itertools
import sys
import time
from argparse import Namespace
from collections import defaultdict

from forwards import PATIENCE, Side, Values, percentile
from machines import Machine, add_options, running
from measure import Report, parser

#: By their names: protocol and address in the guest.
KINDS = {
    "tcp4": ("tcp", "0.0.0.0"),
    "tcp6": ("tcp", "::"),
    "udp4": ("udp", "0.0.0.0"),
    "udp6": ("udp", "::"),
    "tcp loopback": ("tcp", "127.0.0.1"),
    "udp loopback": ("udp", "127.0.0.1"),
}
#: Seconds that the host agent leaves a port open which may be opened again.
LINGER = 0.1
_ports = itertools.count(27000)


def is_open(protocol: str, port: int) -> bool:
    """Whether somebody of the host holds a port of 127.0.0.1, without taking it for a moment."""
    state = "0A" if protocol == "tcp" else "07"
    with open(f"/proc/net/{protocol}", encoding="ascii") as file:
        return any(line.split()[1:4:2] == [f"0100007F:{port:04X}", state] for line in file)


def wait_until(protocol: str, port: int, there: bool) -> float:
    """The time at which a port of the host is there, or is no more."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if is_open(protocol, port) is there:
            return time.time()
        time.sleep(0.003)
    sys.exit(f"{protocol} port {port} was not {'opened' if there else 'closed'} within {PATIENCE:g} s")


def measured(machine: Machine, args: Namespace) -> Values:
    values: Values = defaultdict(list)
    side = Side(machine)
    ahead = 0.0
    for number in range(args.ports):
        ahead = side.ahead() if number % 10 == 0 else ahead
        for kind, (protocol, ip) in KINDS.items():
            port = next(_ports)
            opened = side.call("open", ip, port, "greet", protocol) / 1e9 - ahead
            values[f"{kind}: opened"].append(wait_until(protocol, port, there=True) - opened)
            closed = side.call("close", port) / 1e9 - ahead
            values[f"{kind}: closed"].append(wait_until(protocol, port, there=False) - closed)
    side.child.kill()
    side.child.wait()
    return values


def report(values: Values) -> Report:
    made = Report("ports")
    for kind in KINDS:
        for what, aim in (("opened", 0.2), ("closed", 0.5)):
            found = values[f"{kind}: {what}"]
            made.add(f"{kind}: {what}", found, aim=aim)
            made.add(f"{kind}: {what}, 99 of 100", [percentile(found, 0.99)], aim=aim)
    return made


def main() -> None:
    made = parser(__doc__, runs=1)
    add_options(made)
    made.add_argument("--ports", type=int, default=100, metavar="N", help="ports to open of each kind (default: 100)")
    args = made.parse_args()
    with running(args) as machine:
        values = measured(machine, args)
    print(
        f"the host agent leaves a port open for {LINGER:g} s after its end, which is part of each time", file=sys.stderr
    )
    report(values).finish(args.json)


if __name__ == "__main__":
    main()
