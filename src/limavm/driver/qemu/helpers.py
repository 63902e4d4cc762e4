"""Programs that QEMU needs beside itself: swtpm for a TPM, virtiofsd for virtiofs (spec/runtime.md 4.7).

All serve one QEMU over a socket and end by themselves when it does, so they need nobody to end them, and a host agent
that is killed leaves them at work.
"""

import os
import sys

from limavm.driver.qemu import fsdevices, virtiofsd
from limavm.errors import UserError
from limavm.host.process import ensure_program
from limavm.model.machine import Machine, Share
from limavm.model.value import Value


class Helper(Value, frozen=True, kw_only=True):
    """A program to start before QEMU: it is ready when `socket` exists; `stale` files are removed before."""

    argv: tuple[str, ...]
    socket: str
    stale: tuple[str, ...] = ()
    #: A file that it reads, and its content.
    order: tuple[str, bytes] | None = None


def helpers(machine: Machine, program: str, home: str) -> list[Helper]:
    """What a machine needs, with programs looked up; raises UserError when one is missing."""
    found = []
    if machine.share_type == "virtiofs" and machine.shares:
        uid, gid = _ids()
        daemon = virtiofsd.find(program, home, uid)
        box = virtiofsd.sandbox(uid)
        for index, share in enumerate(machine.shares):
            argv = virtiofsd.argv(daemon, share, uid=uid, gid=gid, box=box)
            found.append(keeper(daemon, share, argv, fsdevices.socket_path(machine, index)))
    if machine.tpm:
        found.append(swtpm(ensure_program("swtpm"), machine.directory))
    return found


def share_keeper(machine: Machine, index: int, share: Share, program: str, home: str) -> Helper:
    """What serves one more share; raises UserError when it cannot be served."""
    uid, gid = _ids()
    daemon = virtiofsd.find(program, home, uid)
    argv = virtiofsd.argv(daemon, share, uid=uid, gid=gid, box=virtiofsd.sandbox(uid))
    return keeper(daemon, share, argv, fsdevices.socket_path(machine, index))


def keeper(daemon: virtiofsd.Daemon, share: Share, argv: list[str], socket: str) -> Helper:
    """The process that keeps a virtiofsd running."""
    # Not by its arguments: who looks for a virtiofsd of this instance in a list of processes is to find no other one.
    directory, name = os.path.split(socket.removesuffix(".sock"))
    path = f"{directory}/{name.replace('virtiofsd', 'virtiofs')}.json"
    return Helper(
        argv=(sys.executable, "-P", "-m", "limavm.virtiofs", path),
        socket=socket,
        stale=(socket, virtiofsd.status_path(socket)),
        order=(path, virtiofsd.keeper_order(daemon, share, argv, socket)),
    )


def _ids() -> tuple[int, int]:
    if sys.platform == "win32":
        raise UserError("virtiofs is for Linux hosts", where="mountType")
    return os.getuid(), os.getgid()


def swtpm(program: str, directory: str) -> Helper:
    """The TPM emulator, its state kept in the instance directory."""
    socket = f"{directory}/swtpm.sock"
    return Helper(
        argv=(
            *(program, "socket", "--tpmstate", f"dir={directory}/swtpm"),
            *("--ctrl", f"type=unixio,path={socket}"),
            *("--tpm2", "--terminate", "--log", "level=1"),
        ),
        socket=socket,
        stale=(socket, f"{directory}/swtpm/.lock"),
    )
