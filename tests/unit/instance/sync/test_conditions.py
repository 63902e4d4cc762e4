import os
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.errors import BusyError, UserError
from limavm.instance.sync.conditions import directory_to_sync, only_one
from limavm.model.arch import Arch
from limavm.model.config import Config, Mount, User

if sys.platform == "win32":
    pytest.skip("directories are not copied on Windows", allow_module_level=True)

CONFIG = Config(
    vm_type="qemu",
    arch=Arch.X86_64,
    user=User(name="dev", comment="", home="/home/dev", shell="/bin/bash", uid=1000),
    cpus=1,
    memory="1GiB",
    disk="1GiB",
)
MOUNT = Mount(location="/x", mount_point="/x")


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMA_HOME", str(tmp_path / "lima"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lima" / "dev").mkdir(parents=True)
    path = tmp_path / "project"
    path.mkdir()
    return path


def test_the_directory_is_named_as_the_user_names_it(directory: Path) -> None:
    (directory.parent / "alias").symlink_to(directory)

    assert directory_to_sync("project/../project/", CONFIG) == str(directory)
    assert directory_to_sync("alias", CONFIG) == str(directory.parent / "alias")


def test_an_instance_with_mounts_is_refused(directory: Path) -> None:
    with pytest.raises(UserError, match="without mounts"):
        directory_to_sync("project", replace(CONFIG, mounts=(MOUNT,)))


def test_a_plain_instance_has_none(directory: Path) -> None:
    assert directory_to_sync("project", replace(CONFIG, mounts=(MOUNT,), plain=True))


def test_wsl2_is_refused(directory: Path) -> None:
    with pytest.raises(UserError):
        directory_to_sync("project", replace(CONFIG, vm_type="wsl2"))


@pytest.mark.parametrize("path", ["/", "/home", "/home/..", "/usr/bin", "/usr/bin/", "/usr/bin/."])
def test_a_directory_near_the_root_is_refused(directory: Path, path: str) -> None:
    with pytest.raises(UserError, match="near to the root"):
        directory_to_sync(path, CONFIG)


@pytest.mark.parametrize("path", [".", "lima", "lima/", "lima/dev", "alias"])
def test_what_holds_lima_home_or_is_in_it_is_refused(directory: Path, path: str) -> None:
    (directory.parent / "alias").symlink_to("lima")

    with pytest.raises(UserError, match="LIMA_HOME"):
        directory_to_sync(path, CONFIG)


def test_lima_home_is_found_behind_a_link(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "real").mkdir()
    (directory.parent / "link").symlink_to(directory / "real")
    monkeypatch.setenv("LIMA_HOME", str(directory.parent / "link"))

    with pytest.raises(UserError, match="holds LIMA_HOME"):
        directory_to_sync("project", CONFIG)


def test_a_link_does_not_hide_that_a_directory_is_near_the_root(directory: Path) -> None:
    (directory / "deep").symlink_to("/usr")

    with pytest.raises(UserError, match="near to the root"):
        directory_to_sync("project/deep", CONFIG)


def test_what_is_missing_or_no_directory_is_refused(directory: Path) -> None:
    (directory / "file").touch()
    (directory / "broken").symlink_to("nowhere")

    for name, message in (("gone", "not exist"), ("file", "no directory"), ("broken", "no directory")):
        with pytest.raises(UserError, match=message):
            directory_to_sync(f"project/{name}", CONFIG)


def test_the_keys_of_limavm_stay_on_the_host(directory: Path) -> None:
    with pytest.raises(UserError, match="LIMA_HOME"):
        directory_to_sync(str(directory.parent), CONFIG)


def test_only_one_command_works_on_the_copy_of_a_directory(directory: Path) -> None:
    instance = str(directory.parent / "lima" / "dev")

    with only_one(instance, str(directory)):
        with only_one(instance, str(directory / "other")):
            pass
        with pytest.raises(BusyError), only_one(instance, str(directory)):
            pass
    with only_one(instance, str(directory)):
        pass

    assert all(name.endswith(".tmp") for name in os.listdir(instance))
