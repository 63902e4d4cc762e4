"""The command line of the program that answers an sshfs."""

from limavm.hostagent.mounts.server import EXTERNAL, server_argv
from limavm.model.config import SSHFS, Mount


def test_it_serves_one_directory_and_writes_only_where_it_may() -> None:
    readonly = server_argv(Mount(location="/a b", mount_point="/m"))
    writable = server_argv(Mount(location="/a b", mount_point="/m", writable=True))

    assert readonly[1:] == ["-P", "-m", "limavm.sftp", "--root", "/a b", "--read-only"]
    assert writable[1:] == ["-P", "-m", "limavm.sftp", "--root", "/a b"]


def test_links_are_followed_where_that_is_asked_for() -> None:
    mount = Mount(location="/a", mount_point="/m", writable=True, sshfs=SSHFS(follow_symlinks=True))

    assert "--follow-symlinks" in server_argv(mount)


def test_a_configuration_that_asks_for_the_server_of_openssh_gets_ours() -> None:
    mount = Mount(location="/a", mount_point="/m", writable=True, sshfs=SSHFS(sftp_driver=EXTERNAL))

    assert server_argv(mount)[1:] == ["-P", "-m", "limavm.sftp", "--root", "/a"]
