"""`limactl debug`: hidden; parts of the host agent, run by hand (spec/cli.md 6.22)."""

from limavm.cli import logbridge
from limavm.cli.app import Command, Group
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session
from limavm.cli.tree import Entry
from limavm.errors import UserError


def _dns(_session: Session, ports: list[str], *, ipv6: bool) -> int:
    from limavm.hostagent.names.nameserver import run

    logbridge.install()
    udp, tcp = [_port(text) for text in (*ports, "0")[:2]]
    run(udp, tcp, ipv6=ipv6)
    return 0


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:6]) < 65536):
        raise UserError(f"{text!r} is not a port", hint="use a number from 1 to 65535, or 0 for none")
    return int(text[:6])


DNS = Command(
    "dns",
    _dns,
    usage="UDPPORT [TCPPORT]",
    least=1,
    most=2,
    help="""Run the name server of the host agent on 127.0.0.1, until Ctrl-C.

With --debug each question is shown, and how it was answered.""",
    flags=[BoolFlag(["-6", "--ipv6"], help="Look up IPv6 addresses too")],
    examples="limactl debug dns 10053 10053 --debug\ndig @127.0.0.1 -p 10053 example.com",
)

COMMAND = Group(
    "debug",
    entries=(Entry("dns", "debug:DNS", "", "Run the name server of the host agent"),),
    help="Run parts of limactl by hand. These commands may change at any time.",
)
