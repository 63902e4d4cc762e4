"""The command line of the program that answers an sshfs."""

from limavm.hostagent.mounts.server import server_argv
from limavm.model.config import SSHFS, Mount


def test_it_serves_one_directory_and_writes_only_where_it_may() -> None:
    readonly = server_argv(Mount(location="/a b", mount_point="/m"))
    writable = server_argv(Mount(location="/a b", mount_point="/m", writable=True))

    assert readonly[1:] == ["-P", "-m", "limavm.sftp", "--root", "/a b", "--read-only"]
    assert writable[1:] == ["-P", "-m", "limavm.sftp", "--root", "/a b"]


def test_links_are_followed_where_that_is_asked_for() -> None:
    mount = Mount(location="/a", mount_point="/m", writable=True, sshfs=SSHFS(follow_symlinks=True))

    assert "--follow-symlinks" in server_argv(mount)


def test_the_server_of_openssh_runs_behind_our_confinement() -> None:
    argv = server_argv(Mount(location="/100%", mount_point="/m"), "/usr/lib/sftp-server")

    assert argv[argv.index("--read-only") :] == [
        "--read-only",
        "--exec",
        "/usr/lib/sftp-server",
        "-e",
        "-d",
        "/100%%",
        "-R",
    ]
