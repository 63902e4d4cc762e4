"""Lines of fstab for directories of the host."""

import msgspec
import pytest

from limavm.model.config import Mount
from limavm.model.mount import mount_tag
from limavm.seed.cloudinit import user_data
from limavm.seed.fstab import fstab_mounts, needs_escapes
from tests.unit.seed.examples import CONFIG, FACTS

MOUNT = Mount(location="/srv/a", mount_point="/mnt/a")


def test_each_directory_has_a_line_of_its_tag() -> None:
    config = msgspec.structs.replace(CONFIG, mount_type="virtiofs", mounts=(MOUNT,))

    assert fstab_mounts(config) == [[mount_tag("/srv/a", "/mnt/a"), "/mnt/a", "virtiofs", "ro,nofail", "0", "0"]]


def test_reverse_sshfs_stands_in_no_fstab() -> None:
    assert fstab_mounts(msgspec.structs.replace(CONFIG, mount_type="reverse-sshfs", mounts=(MOUNT,))) == []


@pytest.mark.parametrize("point", ["/a b", "/a\tb", "/a\\b", "/a#b"])
def test_a_mount_point_that_needs_escapes_is_kept_from_cloud_init(point: str) -> None:
    mounts = (MOUNT, Mount(location="/srv/b", mount_point=point))
    config = msgspec.structs.replace(CONFIG, mount_type="virtiofs", mounts=mounts)

    assert needs_escapes(point)
    assert not needs_escapes("/mnt/a")
    assert user_data(config, FACTS).count(b"virtiofs") == 1
