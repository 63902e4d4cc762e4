"""`limactl tunnel`: experimental; a SOCKS proxy into the guest's network (spec/cli.md 6.14)."""

import os
import sys

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.flags import Flag, Number
from limavm.cli.session import Session
from limavm.errors import UserError

_TYPES = ("socks",)


def _tunnel(_session: Session, names: list[str], *, tunnel_type: str, socks_port: int) -> None:
    from limavm.cli import logbridge
    from limavm.instance.tunnel import open_tunnel

    logs.warning("`limactl tunnel` is experimental")
    if tunnel_type not in _TYPES:
        raise UserError(f"the type of tunnel {tunnel_type!r} is not known", where="--type", hint="use socks")
    logbridge.install()
    hostname, port = open_tunnel(names[0], socks_port, os.environ)
    print(advice(sys.platform, hostname, port), end="")


def advice(platform: str, hostname: str, port: int) -> str:
    """What to do with a proxy on a system."""
    match platform:
        case "darwin":
            how = (
                f"Set it in System Settings > Network > (your network) > Details > Proxies > SOCKS proxy:\n{_at(port)}"
            )
        case "win32":
            how = f"Set it in Settings > Network & Internet > Proxy > Manual proxy setup:\n{_at(port, 'socks=')}"
        case _:
            how = f"Set it for programs that obey these variables, or as the SOCKS proxy of your browser:\n{_env(port)}"
    return f"{how}\nThe guest is http://{hostname} then. The proxy ends with the instance.\n"


def _at(port: int, prefix: str = "") -> str:
    return f"  address {prefix}127.0.0.1, port {port}"


def _env(port: int) -> str:
    return f"  ALL_PROXY=socks5h://127.0.0.1:{port}"


COMMAND = Command(
    "tunnel",
    _tunnel,
    usage="INSTANCE",
    least=1,
    most=1,
    interspersed=False,
    help="""Open a proxy into the network of a running instance (experimental).

Whoever uses the proxy, on a port of 127.0.0.1, connects from inside of the
guest, and its names are looked up there. An ssh in the background serves it
until the instance stops.""",
    flags=[
        Flag(
            ["--type", "tunnel_type"],
            metavar="string",
            default="socks",
            help="Type of the tunnel: socks is the only one",
        ),
        Flag(["--socks-port"], type=Number("int"), default=0, help="Port on the host (default 0: a free one)"),
    ],
    examples="""limactl tunnel dev
limactl tunnel --socks-port=1080 dev
ALL_PROXY=socks5h://127.0.0.1:1080 curl http://lima-dev""",
)
