"""What a clone gets of each file, and what another name takes away."""

import os
import socket
import sys
from pathlib import Path

import pytest

from limavm.instance.belongings import Fate, for_clone, leaving


def fates(directory: Path) -> dict[str, str]:
    return {item.path: item.fate.name for item in for_clone(str(directory))}


@pytest.mark.parametrize(
    ("name", "fate"),
    [
        ("disk", Fate.COPIED),
        ("diffdisk", Fate.COPIED),
        # A later start may make a disk of it, which is written to.
        ("image", Fate.COPIED),
        ("lima.yaml", Fate.COPIED),
        ("lima-version", Fate.COPIED),
        ("vz-efi", Fate.COPIED),
        ("notes of the user.txt", Fate.COPIED),
        ("layer-of the user", Fate.COPIED),
        ("layer-0123456789abcdef", Fate.LINKED),
        ("basedisk", Fate.LINKED),
        ("iso", Fate.LINKED),
        ("kernel", Fate.LINKED),
        ("kernel.cmdline", Fate.LINKED),
        ("initrd", Fate.LINKED),
        ("vz-identifier", Fate.EMPTIED),
    ],
)
def test_what_belongs_to_the_machine_comes_along(name: str, fate: Fate, tmp_path: Path) -> None:
    (tmp_path / name).write_text("x")

    assert fates(tmp_path) == {name: fate.name}
    assert leaving(str(tmp_path)) == []


@pytest.mark.parametrize(
    "name",
    [
        *("qemu.pid", "ha.pid", "ha.sock", "disk.123.tmp", ".config-cache.json", "cidata.iso", "cloud-config.yaml"),
        *("ssh.config", "machine.json", "forwards.json", "ansible-inventory.yaml", "vncdisplay", "vncpassword"),
    ],
)
def test_what_names_the_instance_or_is_about_a_run_stays_behind(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("x")

    assert fates(tmp_path) == {}
    assert leaving(str(tmp_path)) == [name]


@pytest.mark.parametrize("name", ["protected", "ha.stderr.log", "ha.stdout.log", "serial.log", "timings.json", "swtpm"])
def test_what_is_the_machines_own_is_not_cloned_and_keeps_under_another_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("x")

    assert fates(tmp_path) == {}
    assert leaving(str(tmp_path)) == []


def test_directories_come_before_their_content_and_are_left_with_it(tmp_path: Path) -> None:
    for name in ("mine/deep", "swtpm/state", "sock"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("mine/deep/a", "mine/b.log", "mine/c.sock", "swtpm/state/tpm", "mine/protected"):
        (tmp_path / name).write_text("x")

    assert list(fates(tmp_path)) == ["mine", "mine/b.log", "mine/deep", "mine/deep/a", "mine/protected"]
    assert leaving(str(tmp_path)) == ["sock"]


def test_links_to_files_of_the_instance_lead_to_those_of_the_clone(tmp_path: Path) -> None:
    directory = tmp_path / "dev"
    directory.mkdir()
    (directory / "diffdisk").write_text("x")
    (directory / "disk").symlink_to(directory / "diffdisk")
    (directory / "sub").mkdir()
    (directory / "sub" / "up").symlink_to("../diffdisk")
    (directory / "gone").symlink_to("nowhere")

    found = {item.path: item.link for item in for_clone(str(directory)) if item.link}

    assert found == {"disk": "diffdisk", "gone": "nowhere", "sub/up": "../diffdisk"}


def test_a_file_that_is_kept_elsewhere_is_copied(tmp_path: Path) -> None:
    directory = tmp_path / "dev"
    directory.mkdir()
    (tmp_path / "big").write_text("x")
    for name in ("disk", "basedisk"):
        (directory / name).symlink_to(tmp_path / "big")

    assert fates(directory) == {"basedisk": "COPIED", "disk": "COPIED"}
    assert not any(item.link for item in for_clone(str(directory)))


if sys.platform != "win32":

    def test_sockets_and_pipes_are_not_copied_whatever_they_are_called(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        os.mkfifo(tmp_path / "pipe")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("listener")

            assert fates(tmp_path) == {}
