"""The program of the host that answers an sshfs: ours, or OpenSSH's with our confinement around it."""

import os
import sys

from limavm.host.process import find_program
from limavm.model.config import Mount

EXTERNAL = "openssh-sftp-server"
#: The status of our program when this host cannot confine the other one.
UNCONFINED = 3
#: Where systems keep a program that is in nobody's PATH (spec/runtime.md 9.2).
_PLACES = (
    "/usr/libexec/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/sftp-server",
    "/usr/lib/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
)


def server_argv(mount: Mount, external: str | None = None) -> list[str]:
    """The command line of the server for one mount, which speaks on standard input and output.

    `external` is the path of OpenSSH's server where that is to be used.
    """
    argv = [sys.executable, "-P", "-m", "limavm.sftp", "--root", mount.location]
    argv += [] if mount.writable else ["--read-only"]
    argv += ["--follow-symlinks"] if mount.sshfs.follow_symlinks else []
    if external:
        # A percent sign begins a variable there.
        argv += ["--exec", external, "-e", "-d", mount.location.replace("%", "%%"), *([] if mount.writable else ["-R"])]
    return argv


def find_external() -> str | None:
    """The path of OpenSSH's server on this host."""
    sshd = find_program("sshd")
    beside = [os.path.join(os.path.dirname(os.path.dirname(sshd)), "libexec", "sftp-server")] if sshd else []
    return find_program("sftp-server") or next((path for path in (*beside, *_PLACES) if os.access(path, os.X_OK)), None)
