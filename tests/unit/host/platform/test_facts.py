import os
import sys
from pathlib import Path

import pytest

from limavm.host.platform import facts, system_name_servers, system_proxies
from limavm.host.platform.darwin import parse_name_servers, parse_platform_uuid, parse_proxies
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


SCUTIL_PROXY = """<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
  }
  FTPEnable : 1
  FTPPassive : 1
  FTPPort : 0
  FTPProxy : ftp://ftp.example
  HTTPEnable : 1
  HTTPPort : 3128
  HTTPProxy : 127.0.0.1
  HTTPSEnable : 1
  HTTPSPort : 3129
  HTTPSProxy : 2001:db8::1
  SOCKSEnable : 0
  __SCOPED__ : <dictionary> {
    en0 : <dictionary> {
      HTTPProxy : other.example
      HTTPEnable : 1
    }
  }
}
"""


def test_the_proxies_of_a_mac_are_found() -> None:
    assert parse_proxies(SCUTIL_PROXY) == {
        "ftp_proxy": "ftp://ftp.example",
        "http_proxy": "http://127.0.0.1:3128",
        "https_proxy": "http://[2001:db8::1]:3129",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<dictionary> {\n}",
        SCUTIL_PROXY.replace("HTTPEnable : 1", "HTTPEnable : 0"),
        SCUTIL_PROXY.replace("  HTTPPort", "  HTTPUser : me\n  HTTPPort"),
        SCUTIL_PROXY.replace("  HTTPProxy : 127.0.0.1\n", ""),
    ],
)
def test_a_proxy_that_is_off_or_wants_a_login_is_none(text: str) -> None:
    assert "http_proxy" not in parse_proxies(text)


SCUTIL_DNS = """DNS configuration

resolver #1
  search domain[0] : example.org
  nameserver[0] : 127.0.0.1
  nameserver[1] : fe80::1%en0
  nameserver[2] : 192.168.1.1
  nameserver[3] : 2001:db8::1
  if_index : 6 (en0)
  flags    : Request A records

resolver #2
  domain   : local
  nameserver[0] : 10.0.0.1

DNS configuration (for scoped queries)

resolver #1
  nameserver[0] : 10.0.0.2
"""


def test_the_name_servers_of_a_mac_are_those_that_a_guest_can_reach() -> None:
    assert parse_name_servers(SCUTIL_DNS) == ("192.168.1.1", "2001:db8::1")


@pytest.mark.parametrize("text", ["", "No DNS configuration available", "resolver #1\n  nameserver[0] : x\n"])
def test_a_mac_without_a_network_has_no_name_servers(text: str) -> None:
    assert parse_name_servers(text) == ()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has settings")
def test_other_systems_have_no_settings_for_that() -> None:
    assert (system_proxies(), system_name_servers()) == ({}, ())
