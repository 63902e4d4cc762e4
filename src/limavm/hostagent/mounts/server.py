"""The program of the host that answers an sshfs: ours, whatever `sftpDriver` asks for.

OpenSSH's server would follow the guest to every file of the user. Landlock around it does not cover looking at
names, modes, times and owners, nor changing them, so no mount is served by it.
"""

import sys

from limavm.model.config import Mount

EXTERNAL = "openssh-sftp-server"


def server_argv(mount: Mount) -> list[str]:
    """The command line of the server for one mount, which speaks on standard input and output."""
    argv = [sys.executable, "-P", "-m", "limavm.sftp", "--root", mount.location]
    argv += [] if mount.writable else ["--read-only"]
    argv += ["--follow-symlinks"] if mount.sshfs.follow_symlinks else []
    return argv
