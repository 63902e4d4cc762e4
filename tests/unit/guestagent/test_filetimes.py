import os
import sys
from pathlib import Path

import pytest

from limavm.guestagent.filetimes import is_fuse, is_served_by_us, look_again, names_sshfs_of_ours, seen, set_mtime

if sys.platform == "win32":
    pytest.skip("a guest is Linux", allow_module_level=True)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a guest is Linux")

OURS = b"72 27 0:42 / /home/me rw,nosuid,nodev,relatime - fuse.sshfs :/home/me rw,user_id=0,group_id=0\n"
OF_A_USER = b"73 72 0:43 / /home/me/far rw,nosuid,nodev - fuse.sshfs host:/home/me rw,user_id=1000\n"
OF_THE_MACHINE = b"74 72 0:44 / /home/me/shared rw - virtiofs lima-1 rw\n"


@pytest.mark.parametrize(("minor", "expected"), [(42, True), (43, False), (44, False), (4, False)])
def test_what_limavm_serves_over_sftp_has_no_host_in_its_name(minor: int, expected: bool) -> None:
    lines = [OURS, OF_A_USER, OF_THE_MACHINE]

    assert names_sshfs_of_ours(lines, os.makedev(0, minor)) is expected


def test_a_local_file_is_served_by_nobody(tmp_path: Path) -> None:
    assert not is_served_by_us(tmp_path.stat().st_dev)
    assert not is_fuse(str(tmp_path))


def test_the_time_of_modification_is_set_alone_and_seen_again(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    os.utime(file, ns=(5, 6))

    set_mtime(str(file), 1_700_000_000_123_456_789)

    assert look_again(str(file)) == seen(file.stat())
    assert (file.stat().st_atime_ns, file.stat().st_mtime_ns) == (5, 1_700_000_000_123_456_789)


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        look_again(str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError):
        set_mtime(str(tmp_path / "none"), 0)
