import os
import sys
from pathlib import Path

import pytest

from limavm.host.platform import facts
from limavm.host.platform.darwin import parse_platform_uuid
from limavm.host.platform.posix import zone_of_link


def test_the_facts_of_this_host_are_whole() -> None:
    found = facts()

    assert found.os in {"linux", "darwin", "windows", "netbsd"}
    assert found.arch
    assert found.cpus >= 1
    assert found.memory > 64 << 20
    assert os.path.isabs(found.home)
    assert found.machine_id
    assert found.temp_dir


@pytest.mark.skipif(sys.platform == "win32", reason="users are other there")
def test_the_user_is_the_one_who_runs_this() -> None:
    if sys.platform != "win32":
        assert facts().uid == os.getuid()


def test_the_zone_is_the_path_below_the_database(tmp_path: Path) -> None:
    (tmp_path / "Etc").mkdir()
    (tmp_path / "Etc" / "UTC").touch()
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").touch()

    assert zone_of_link(str(tmp_path / "Europe" / "Berlin")) == "Europe/Berlin"


@pytest.mark.parametrize("target", ["/etc/localtime", "/", "", "relative"])
def test_a_file_outside_of_the_database_is_no_zone(target: str) -> None:
    assert zone_of_link(target) == ""


def test_the_uuid_of_a_mac_is_found() -> None:
    assert parse_platform_uuid('  "IOPlatformUUID" = "12-AB"\n  "x" = "y"') == "12-AB"
    assert parse_platform_uuid("nothing") == ""
