"""What may be added to a running machine."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.errors import UserError
from limavm.host.platform import facts
from limavm.hostagent.mounts.check import MOST, ensure_possible
from limavm.model.config import Mount
from tests.unit.hostagent.plans import CONFIG


def test_a_directory_at_a_free_place_may_be_added_also_one_that_is_not_there_yet(tmp_path: Path) -> None:
    ensure_possible(Mount(location=str(tmp_path / "new"), mount_point="/mnt/a/"), CONFIG, facts(), ["/mnt"])


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("/usr", "the place in the guest cannot be /usr"),
        ("//usr/", "cannot be /usr"),
        ("/home/lima", "cannot be the home directory"),
        ("mnt", "not an absolute path"),
        ("~/x", "not an absolute path"),
        ("/mnt/a", "is a mount already"),
        ("/mnt/a/", "is a mount already"),
        ("/mnt/a\nb", "the place in the guest cannot have a line break"),
        ("/mnt/../etc", r"the place in the guest cannot be /mnt/\.\./etc"),
        ("/mnt/../srv", r"has `\.\.` in it"),
    ],
)
def test_mount_points_that_cannot_be(point: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        ensure_possible(Mount(location=str(tmp_path), mount_point=point), CONFIG, facts(), ["/mnt/a"])


def test_locations_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for location, message in ((str(tmp_path / "file"), "^/.*/file is no directory"), ("relative", "must be absolute")):
        with pytest.raises(UserError, match=message):
            ensure_possible(Mount(location=location, mount_point="/mnt/a"), CONFIG, facts(), [])


def test_plain_instances_have_none_and_others_not_too_many(tmp_path: Path) -> None:
    mount = Mount(location=str(tmp_path), mount_point="/mnt/a")
    with pytest.raises(UserError, match="plain"):
        ensure_possible(mount, replace(CONFIG, plain=True), facts(), [])
    with pytest.raises(UserError, match="mounts already"):
        ensure_possible(mount, CONFIG, facts(), [f"/mnt/{number}" for number in range(MOST)])
