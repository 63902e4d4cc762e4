"""The command line of the server."""

import pytest

from limavm.sftp.flags import Flags, UsageError


def test_the_directory_is_all_that_is_needed() -> None:
    flags = Flags(["--root", "/home/ann"])

    assert (flags.root, flags.read_only, flags.follow_symlinks, flags.command) == ("/home/ann", False, False, [])


def test_everything_after_exec_is_the_program() -> None:
    flags = Flags(["--read-only", "--root=/a", "--follow-symlinks", "--exec", "sftp-server", "-e", "--root", "/b"])

    assert (flags.root, flags.read_only, flags.follow_symlinks) == ("/a", True, True)
    assert flags.command == ["sftp-server", "-e", "--root", "/b"]


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--root"],
        ["--root", ""],
        ["--root="],
        ["--read-only"],
        ["--root", "/a", "--exec"],
        ["/a"],
        ["--root", "/a", "-R"],
    ],
)
def test_what_makes_no_sense_is_refused(args: list[str]) -> None:
    with pytest.raises(UsageError):
        Flags(args)
