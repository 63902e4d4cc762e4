import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from limavm.config.networks import default_text, ensure_networks, load_networks, networks_file, socket_vmnet
from limavm.config.networktext import decode_networks
from limavm.errors import UserError
from limavm.host.files import locked
from limavm.model.network import NetworkPaths, Networks, SharedNetwork
from tests.unit.config.conftest import LINUX, MAC, Resolve

NETMASK = "255.255.255.0"
DEFAULTS = {
    "user-v2": SharedNetwork(mode="user-v2", gateway="192.168.104.1", netmask=NETMASK),
    "shared": SharedNetwork(mode="shared", gateway="192.168.105.1", dhcp_end="192.168.105.254", netmask=NETMASK),
    "bridged": SharedNetwork(mode="bridged", interface="en0"),
    "host": SharedNetwork(mode="host", gateway="192.168.106.1", dhcp_end="192.168.106.254", netmask=NETMASK),
}


def test_the_file_is_made_with_the_defaults_when_it_is_first_needed(lima_home: Path) -> None:
    (lima_home / "_config").rmdir()

    found = load_networks(MAC)

    assert found.warnings == ()
    assert found.networks == Networks(
        paths=NetworkPaths(
            socket_vmnet=socket_vmnet(), var_run="/private/var/run/lima", sudoers="/private/etc/sudoers.d/lima"
        ),
        group="admin",
        networks=DEFAULTS,
    )
    assert networks_file() == str(lima_home / "_config" / "networks.yaml")
    assert os.stat(networks_file()).st_mode & 0o777 == 0o644
    assert os.listdir(lima_home / "_config") == ["networks.yaml"]


def test_a_file_that_is_there_is_not_changed(lima_home: Path) -> None:
    (lima_home / "_config" / "networks.yaml").write_text("group: x\n")

    assert load_networks(LINUX).networks.group == "x"
    assert (lima_home / "_config" / "networks.yaml").read_text() == "group: x\n"


def test_nobody_needs_the_file_who_names_no_network(lima_home: Path, resolved: Resolve) -> None:
    resolved("networks: [{socket: /s}]")
    assert not (lima_home / "_config" / "networks.yaml").exists()

    resolved("networks: [{lima: user-v2}]")
    assert (lima_home / "_config" / "networks.yaml").exists()


def test_the_defaults_are_used_where_the_file_cannot_be_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()

    assert ensure_networks(str(tmp_path / "file" / "networks.yaml")) == default_text()
    assert "its defaults are used" in caplog.text


def test_what_another_command_defines_first_is_not_replaced_by_the_defaults(lima_home: Path) -> None:
    source = networks_file()

    with ThreadPoolExecutor() as threads:
        with locked(str(lima_home / "_config")):
            found = threads.submit(ensure_networks, source)
            Path(source).write_text("group: x\n")

        assert found.result() == b"group: x\n"
    assert Path(source).read_text() == "group: x\n"


def test_a_link_that_leads_nowhere_yet_goes_on_being_one(lima_home: Path, tmp_path: Path) -> None:
    (lima_home / "_config" / "networks.yaml").symlink_to(tmp_path / "mine.yaml")

    load_networks(LINUX)

    assert (lima_home / "_config" / "networks.yaml").is_symlink()
    assert (tmp_path / "mine.yaml").read_bytes() == default_text()


def test_a_file_that_cannot_be_read_is_an_error(lima_home: Path) -> None:
    (lima_home / "_config" / "networks.yaml").mkdir()

    with pytest.raises(UserError, match="cannot be read"):
        load_networks(LINUX)


def test_socket_vmnet_is_where_it_is_installed(tmp_path: Path) -> None:
    program, link = tmp_path / 'socket "vmnet', tmp_path / "link"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    link.symlink_to(program)

    assert socket_vmnet(["/nowhere/x", str(link)]) == str(program)
    assert socket_vmnet(["/nowhere/x", "/nowhere/y"]) == "/nowhere/x"
    text = default_text([str(link)])
    assert decode_networks(text, "x", host_os="linux").networks.paths.socket_vmnet == str(program)
