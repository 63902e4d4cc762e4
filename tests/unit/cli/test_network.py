import json
import os
import socket
from pathlib import Path
from threading import Thread

import pytest

from limavm.cli.complete import complete
from limavm.cli.positionals import NO_FILES
from limavm.host.files import locked
from tests.unit.cli.harness import YAML, Run

TABLE = """\
NAME       MODE       GATEWAY             INTERFACE
bridged    bridged    -                   en0
host       host       192.168.106.1/24    -
shared     shared     192.168.105.1/24    -
user-v2    user-v2    192.168.104.1/24    -
"""
TEXT = """\
# Mine.
group: staff  # all of us

networks:
  dev:  # the first
    mode: user-v2
    gateway: 10.0.0.1
    # the usual
    netmask: 255.255.255.0
"""


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "_config" / "networks.yaml"
    path.parent.mkdir()
    path.write_text(TEXT)
    return path


def test_the_networks_are_listed_whatever_the_host_can_run(limactl: Run, home: Path) -> None:
    assert limactl("network", "list").out == TABLE
    assert limactl("network", "ls", "host", "user-v2").out.splitlines()[1:] == [
        "host       host       192.168.106.1/24    -",
        "user-v2    user-v2    192.168.104.1/24    -",
    ]
    assert (home / "_config" / "networks.yaml").exists()


def test_json_has_one_network_a_line(limactl: Run) -> None:
    result = limactl("network", "list", "--json", "bridged", "shared")

    assert [json.loads(line) for line in result.out.splitlines()] == [
        {"name": "bridged", "mode": "bridged", "interface": "en0"},
        {
            "name": "shared",
            "mode": "shared",
            "gateway": "192.168.105.1",
            "dhcpEnd": "192.168.105.254",
            "netmask": "255.255.255.0",
        },
    ]


def test_an_unknown_name_is_only_a_warning(limactl: Run) -> None:
    result = limactl("network", "list", "nope", "host")

    assert result.code == 0
    assert "there is no network 'nope'" in result.err
    assert len(result.out.splitlines()) == 2


def test_odd_networks_are_listed_as_they_are(limactl: Run, file: Path) -> None:
    file.write_text(
        "networks:\n"
        "  a/b: {mode: x, gateway: 10.0.0.1, netmask: 255.0.255.0}\n"
        "  six: {mode: user-v2, gateway: 'fd00::1'}\n"
        "  bare:\n"
    )

    result = limactl("network", "list")

    assert result.code == 0
    assert [line.split() for line in result.out.splitlines()[1:]] == [
        ["a/b", "x", "10.0.0.1/ff00ff00", "-"],
        ["bare", "-", "-"],
        ["six", "user-v2", "fd00::1", "-"],
    ]
    assert "255.0.255.0 is no netmask" in result.err


def test_a_network_is_added_and_removed_and_comments_stay(limactl: Run, file: Path) -> None:
    assert limactl("network", "create", "more", "--gateway", "192.168.42.1/22").code == 0
    assert file.read_text() == TEXT + (
        '  more:\n    mode: user-v2\n    gateway: 192.168.42.1\n    netmask: 255.255.252.0\n    interface: ""\n'
    )

    assert limactl("network", "rm", "--force", "more").code == 0
    assert file.read_text() == TEXT
    assert os.stat(file).st_mode & 0o777 == 0o644
    assert os.listdir(file.parent) == ["networks.yaml"]


def test_a_file_that_is_kept_elsewhere_stays_there(limactl: Run, file: Path, tmp_path: Path) -> None:
    file.rename(tmp_path / "mine.yaml")
    file.symlink_to(tmp_path / "mine.yaml")

    assert limactl("network", "create", "more", "--gateway", "192.168.42.1").code == 0
    assert file.is_symlink()
    assert "more:" in (tmp_path / "mine.yaml").read_text()


@pytest.mark.parametrize("text", ["", "# nothing\n", "networks:\n", "networks: {}\n", "group: x\n"])
def test_a_network_is_added_to_a_file_that_has_none(limactl: Run, file: Path, text: str) -> None:
    file.write_text(text)

    assert limactl("network", "create", "br", "--mode=bridged", "--interface=eth1").code == 0

    assert "br         bridged    -                   eth1\n" in limactl("network", "list").out
    assert all(line in file.read_text() for line in text.splitlines() if line.startswith("#"))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("dev", "--gateway", "10.1.0.1"), "there is a network 'dev' already"),
        (("x",), "needs an address"),
        (("x", "--gateway", "10.0.0"), "the gateway is wrong"),
        (("x", "--gateway", "10.0.0.1/33"), "the gateway is wrong"),
        (("x", "--gateway", "10.0.0.1/255.255.255.0"), "the gateway is wrong"),
        (("x", "--gateway", "10.0.0.1/"), "the gateway is wrong"),
        (("x", "--gateway", "host"), "the gateway is wrong"),
        (("x", "--gateway", "127.0.0.1"), "cannot be the address of a gateway"),
        (("x", "--gateway", "0.0.0.0/8"), "cannot be the address of a gateway"),
        (("x", "--gateway", "10.0.0.1", "--interface", "en0"), "is on no interface"),
        (("x", "--mode", "bridged"), "needs the interface"),
        (("x", "--mode", "bridged", "--interface", "en0", "--gateway", "10.0.0.1"), "has the gateway of the network"),
        (("a/b", "--gateway", "10.1.0.1"), "is not made of letters"),
        (("x" * 200, "--gateway", "10.1.0.1"), "is longer than 76 bytes"),
        (("", "--gateway", "10.1.0.1"), "the name is empty"),
        ((), "takes exactly 1 argument"),
    ],
)
def test_what_cannot_be_added_is_an_error(limactl: Run, file: Path, args: tuple[str, ...], message: str) -> None:
    result = limactl("network", "create", *args)

    assert result.code == 1
    assert message in result.message
    assert file.read_text() == TEXT


def test_a_mode_that_nobody_knows_is_a_warning(limactl: Run, file: Path) -> None:
    result = limactl("network", "create", "x", "--mode", "vde", "--gateway", "10.1.0.1")

    assert result.code == 0
    assert "nothing is known of the mode 'vde'" in result.err
    assert "mode: vde" in file.read_text()


def test_networks_are_removed_by_force_only(limactl: Run, file: Path) -> None:
    result = limactl("network", "delete", "dev")

    assert result.code == 1
    assert "--force" in result.message
    assert file.read_text() == TEXT


def test_unknown_networks_are_warned_of_and_the_rest_is_removed(limactl: Run, file: Path) -> None:
    result = limactl("network", "delete", "-f", "nope", "dev", "dev")

    assert result.code == 0
    assert result.err.count("there is no network 'nope'") == 1
    assert "dev" not in file.read_text()
    assert file.read_text().startswith("# Mine.\ngroup: staff  # all of us\n")


def test_removing_does_not_make_the_file(limactl: Run, home: Path) -> None:
    result = limactl("network", "delete", "-f", "dev")

    assert result.code == 0
    assert "there is no network 'dev'" in result.err


def test_user_v2_is_always_there(limactl: Run) -> None:
    result = limactl("network", "delete", "-f", "user-v2")

    assert result.code == 0
    assert "'user-v2' is always there" in result.err
    assert "user-v2" in limactl("network", "list").out


def test_who_names_a_network_that_is_removed_is_told(limactl: Run, home: Path, file: Path) -> None:
    for name, network in (("one", "dev"), ("two", "user-v2"), ("three", "dev")):
        (home / name).mkdir()
        (home / name / "lima.yaml").write_text(f"{YAML}networks:\n- lima: {network}\n")
    (home / "broken").mkdir()
    (home / "broken" / "lima.yaml").write_text("[")

    result = limactl("network", "delete", "-f", "dev")

    assert result.code == 0
    assert "the network 'dev' is named by 'one', 'three'" in result.err
    assert "dev" not in file.read_text()
    assert "the network 'dev' is not defined" in limactl("list", "one").err


@pytest.mark.parametrize("text", ["- a\n", "a: b: c\n", "networks: [x]\n", "networks: {a: {gateway: x}}\n", "\x00"])
@pytest.mark.parametrize("args", [("list",), ("create", "x", "--gateway", "10.0.0.1"), ("delete", "-f", "x")])
def test_a_file_that_cannot_be_read_is_told_with_its_line(
    limactl: Run, file: Path, text: str, args: tuple[str, ...]
) -> None:
    file.write_text(text)

    result = limactl("network", *args)

    assert result.code == 1
    assert f"{file}:1" in result.message
    assert file.read_text() == text


def test_a_change_waits_for_another_one(limactl: Run, file: Path) -> None:
    second = Thread(target=limactl, args=("network", "create", "x", "--gateway", "10.1.0.1"))
    with locked(str(file.parent)):
        second.start()
        file.write_text(TEXT + "  y: {mode: user-v2, gateway: 10.2.0.1}\n")
    second.join(30)

    assert "  x:" in file.read_text()
    assert "  y:" in file.read_text()


def test_a_directory_that_cannot_be_written_is_told(limactl: Run, home: Path) -> None:
    (home / "_config").touch()

    result = limactl("network", "create", "x", "--gateway", "10.1.0.1")

    assert result.code == 1
    assert "the networks cannot be changed" in result.message
    assert limactl("network", "list").out == TABLE


def test_a_group_without_a_command_shows_its_help(limactl: Run) -> None:
    result = limactl("network")

    assert result.code == 0
    assert all(word in result.out for word in ("create", "delete", "list"))


def test_names_modes_and_interfaces_are_completed(file: Path) -> None:
    assert complete(["network", "delete", ""]) == ([("dev", "user-v2")], NO_FILES)
    assert complete(["network", "list", "dev", ""]) == ([], NO_FILES)
    assert complete(["network", "create", "--mode", "h"]) == ([("host", "")], NO_FILES)
    names = [name for name, _ in complete(["network", "create", "--interface", ""])[0]]
    assert names == [name for _, name in socket.if_nameindex()]
    assert [name for name, _ in complete(["network", ""])[0]] == ["create", "delete", "list"]


def test_to_delete_what_is_not_there_makes_no_file(limactl: Run, home: Path) -> None:
    done = limactl("network", "delete", "--force", "nope")

    assert done.code == 0
    assert "'nope'" in done.err
    assert not (home / "_config").exists()
