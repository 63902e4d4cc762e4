"""The command line of the server."""

import pytest

from limavm.sftp.flags import Flags, UsageError


def test_the_directory_is_all_that_is_needed() -> None:
    flags = Flags(["--root", "/home/ann"])

    assert (flags.root, flags.read_only, flags.follow_symlinks) == ("/home/ann", False, False)


def test_flags_come_in_any_order() -> None:
    flags = Flags(["--read-only", "--root=/a", "--follow-symlinks"])

    assert (flags.root, flags.read_only, flags.follow_symlinks) == ("/a", True, True)


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--root"],
        ["--root", ""],
        ["--root="],
        ["--read-only"],
        ["--root", "/a", "--exec", "sftp-server"],
        ["/a"],
        ["--root", "/a", "-R"],
    ],
)
def test_what_makes_no_sense_is_refused(args: list[str]) -> None:
    with pytest.raises(UsageError):
        Flags(args)
