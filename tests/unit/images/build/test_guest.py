"""Programs of the guest's own: whether cloud-init may be left out of a later boot."""

import re
import subprocess
from pathlib import Path

import pytest

from limavm.images import build

GUEST = Path(build.__file__).parent / "guest" / "overlay"
CHECK = GUEST / "usr/local/lib/limavm/seed-check"
META_DATA = "instance-id: iid-0123\nlocal-hostname: lima-dev\n"


def leaves_out(root: Path) -> bool:
    """Run the check with `root` in place of the root directory; whether it left the mark."""
    script = re.sub(r"(?<![\w}\"$])/(var|run)/", rf"{root}/\1/", CHECK.read_text())
    subprocess.run(["sh", "-u"], input=script, text=True, check=True, stderr=subprocess.DEVNULL)
    return (root / "run/lima/seed-applied").exists()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system after a first boot, with the same seed again."""
    seed = tmp_path / "var/lib/cloud/seed/nocloud"
    for directory in (seed, tmp_path / "var/lib/lima", tmp_path / "run"):
        directory.mkdir(parents=True)
    (seed / "meta-data").write_text(META_DATA)
    (seed / "cloud-init.once").write_text("")
    (tmp_path / "var/lib/lima/seed-applied").write_text("iid-0123\n")
    return tmp_path


def test_a_seed_that_was_applied_needs_no_cloud_init(root: Path) -> None:
    assert leaves_out(root)


@pytest.mark.parametrize("missing", ["var/lib/cloud/seed/nocloud/cloud-init.once", "var/lib/lima/seed-applied"])
def test_a_first_boot_that_did_not_finish_or_a_seed_with_work_for_each_boot_does(missing: str, root: Path) -> None:
    (root / missing).unlink()

    assert not leaves_out(root)


@pytest.mark.parametrize("text", ["instance-id: iid-9999\n", "", "instance-id:\n", "local-hostname: iid-0123\n"])
def test_another_seed_does(text: str, root: Path) -> None:
    (root / "var/lib/cloud/seed/nocloud/meta-data").write_text(text)

    assert not leaves_out(root)
