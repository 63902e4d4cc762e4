from pathlib import Path

import pytest

from limavm.model.arch import Arch
from limavm.model.config import Config, File, User
from limavm.model.config import Containerd as Wanted
from limavm.store import containerd
from limavm.store.containerd import Containerd


def test_what_the_guest_has_is_remembered_and_forgotten(tmp_path: Path) -> None:
    directory = str(tmp_path)
    containerd.installed(directory)  # nothing is known, so nothing is

    assert containerd.load(directory) is None
    containerd.save(directory, Containerd(source="s", version="sha256:1"))
    containerd.installed(directory)
    assert containerd.load(directory) == Containerd(source="s", version="sha256:1", installed=True)
    containerd.forget(directory)
    containerd.forget(directory)
    assert containerd.load(directory) is None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "containerd.json").write_text('{"source": ')

    assert containerd.load(str(tmp_path)) is None


def test_archives_are_told_apart_by_location_and_digest() -> None:
    one = File(location="/a", arch=Arch.X86_64)
    others = [[one], [File(location="/a", arch=Arch.X86_64, digest="sha256:1")], [one, one], []]

    assert len({containerd.source_of(archives) for archives in others}) == len(others)


@pytest.mark.parametrize(
    ("user", "system", "guest", "plain", "wanted"),
    [
        (True, False, "Linux", False, True),
        (False, True, "Linux", False, True),
        (False, False, "Linux", False, False),
        (True, True, "FreeBSD", False, False),
        (True, True, "Linux", True, False),
    ],
)
def test_who_gets_it(user: bool, system: bool, guest: str, plain: bool, wanted: bool) -> None:
    config = Config(
        vm_type="qemu",
        arch=Arch.X86_64,
        os=guest,
        user=User(name="dev", comment="", home="/home/dev", shell="/bin/bash", uid=1000),
        cpus=1,
        memory="1GiB",
        disk="1GiB",
        plain=plain,
        containerd=Wanted(user=user, system=system),
    )

    assert containerd.is_wanted(config) is wanted
