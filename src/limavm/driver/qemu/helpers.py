"""Programs that QEMU needs beside itself: swtpm for a TPM, virtiofsd for virtiofs (spec/runtime.md 4.7).

Both serve one QEMU over a socket and end by themselves when it hangs up, so they need nobody to look
after them, and a host agent that is killed leaves them at work.
"""

import contextlib
import glob
import os
from collections.abc import Iterable

import msgspec

from limavm.errors import UserError
from limavm.host.process import ProcessError, ensure_program, run
from limavm.model.machine import Machine, Share
from limavm.model.value import Value


class Helper(Value, frozen=True, kw_only=True):
    """A program to start before QEMU: it is ready when `socket` exists; `stale` files are removed before."""

    argv: tuple[str, ...]
    socket: str
    stale: tuple[str, ...] = ()


class _Backend(msgspec.Struct):
    """A vhost-user description file of QEMU's interoperability specification."""

    type: str = ""
    binary: str = ""


def helpers(machine: Machine, program: str, home: str) -> list[Helper]:
    """What a machine needs, with programs looked up; raises UserError when one is missing."""
    found = []
    if machine.share_type == "virtiofs":
        daemon = find_virtiofsd(virtiofsd_directories(program, home))
        found += [virtiofsd(daemon, share, machine.directory, index) for index, share in enumerate(machine.shares)]
    if machine.tpm:
        found.append(swtpm(ensure_program("swtpm"), machine.directory))
    return found


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


def virtiofsd(program: str, share: Share, directory: str, index: int) -> Helper:
    """The daemon that serves one shared directory."""
    socket = f"{directory}/virtiofsd-{index}.sock"
    return Helper(
        argv=(program, "--socket-path", socket, "--shared-dir", share.location), socket=socket, stale=(socket,)
    )


def virtiofsd_directories(program: str, home: str) -> list[str]:
    """Where descriptions of vhost-user programs lie, in the order of preference."""
    prefix = os.path.dirname(os.path.dirname(program))
    roots = (os.path.join(home, ".local"), prefix, "/usr")
    return list(dict.fromkeys(os.path.join(root, "share", "qemu", "vhost-user") for root in roots))


def find_virtiofsd(directories: Iterable[str]) -> str:
    """The first virtiofsd that answers `--version` (QEMU's old one in C does not); raises UserError."""
    for directory in directories:
        for path in sorted(glob.glob(os.path.join(glob.escape(directory), "*.json"))):
            backend = _read(path)
            if backend.type == "fs" and _answers(backend.binary):
                return backend.binary
    raise UserError("virtiofsd is not installed", where="mountType", hint="install the package virtiofsd, or use 9p")


def _read(path: str) -> _Backend:
    with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError), open(path, "rb") as file:
        return msgspec.json.decode(file.read(), type=_Backend)
    return _Backend()


def _answers(program: str) -> bool:
    try:
        run([program, "--version"], timeout=10)
    except (ProcessError, UserError, OSError):
        return False
    return True
