"""What a port number may be (spec/config.md 7.5)."""

from limavm.config.flaw import Flaws

_SSH = 22
_LAST = 65535


def check_port(port: int, flaws: Flaws, *path: str | int) -> None:
    """Note what is wrong with the port at `path`."""
    if port == 0:
        flaws.add("a port must be set", *path)
    elif port == _SSH:
        flaws.add("port 22 is taken by the guest's ssh", *path)
    elif not 0 < port <= _LAST:
        flaws.add(f"a port is a number from 1 to {_LAST}, not {port}", *path)
