"""A SOCKS proxy into the network of a guest: an ssh of its own that stays in the background (spec/cli.md 6.14).

It does not go through the shared master: that belongs to the host agent, which may make another one at any
time, and a proxy in it could not be ended alone. It ends with the guest.
"""

from collections.abc import Mapping

from limavm.errors import ChildExit, UserError
from limavm.host import process
from limavm.host.net import free_tcp_port, tcp_port_is_free
from limavm.instance.connection import running
from limavm.instance.reach import Reach, reach
from limavm.ssh.options import no_master, option_args

_ADDRESS = "127.0.0.1"
_LEAST, _MOST = 1024, 65535
#: Standard error, also of whoever has closed the stream of that name.
_STDERR = 2
#: A taken port is an error; a guest that has gone ends the proxy within a minute.
_BEHAVIOUR = (
    "LogLevel=ERROR",
    "ExitOnForwardFailure=yes",
    "ConnectTimeout=30",
    "ServerAliveInterval=20",
    "ServerAliveCountMax=3",
)


def check_port(port: int) -> None:
    """Raises UserError for a port that cannot be asked for; 0 leaves the choice to us."""
    if port and not _LEAST <= port <= _MOST:
        raise UserError(
            f"the port {port} is not between {_LEAST} and {_MOST}", where="--socks-port", hint="0 takes a free one"
        )
    if port and not tcp_port_is_free(port):
        raise UserError(f"the port {port} of {_ADDRESS} is in use", where="--socks-port", hint="0 takes a free one")


def open_tunnel(name: str, port: int, environment: Mapping[str, str]) -> tuple[str, int]:
    """Start the proxy on a port of the host, a free one for 0; the guest's host name and the port.

    Raises UserError for an instance that is missing or does not run, ChildExit when ssh has failed and said why.
    """
    instance = running(name)
    check_port(port)
    port = port or free_tcp_port()
    way = reach(instance, environment)
    # Its output belongs to nobody's result: what the proxy has to say are complaints.
    with process.spawned(tunnel_argv(way, port), stdout=_STDERR, stderr=_STDERR) as child:
        code = child.wait()
    if code:
        raise ChildExit(code if code > 0 else 255)
    return way.hostname, port


def tunnel_argv(way: Reach, port: int) -> list[str]:
    """The ssh that goes to the background as soon as it listens."""
    return [
        *way.program,
        *option_args([*no_master(way.options), *_BEHAVIOUR]),
        *["-f", "-N", "-D", f"{_ADDRESS}:{port}"],
        *["-p", str(way.port), way.address],
    ]
