"""An overlay of an old Lima is made to lean on the base beside it, and no other disk is touched."""

import json
import os
import subprocess
from pathlib import Path

from limavm.images.backing import lean_on_neighbour
from limavm.images.disk import disk_format


def qemu_img(*argv: str | Path) -> bytes:
    return subprocess.run(["qemu-img", *argv], check=True, capture_output=True).stdout


def backing(disk: Path) -> str | None:
    found: dict[str, str] = json.loads(qemu_img("info", "--output=json", disk))
    return found.get("backing-filename")


def instance(directory: Path, base: str) -> Path:
    """A directory with an overlay that names its base as `base`."""
    directory.mkdir()
    (directory / "basedisk").write_bytes(b"base".ljust(1 << 20, b"\0"))
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", base, directory / "diffdisk", "4M")
    (directory / "disk").symlink_to("diffdisk")
    return directory


def test_a_copy_leans_on_its_own_base(tmp_path: Path) -> None:
    original = tmp_path / "dev"
    copy = instance(tmp_path / "copy", str(original / "basedisk"))

    lean_on_neighbour(str(copy), str(original))

    assert backing(copy / "diffdisk") == "basedisk"
    assert disk_format(str(copy / "disk")) == "qcow2"


def test_a_directory_that_gets_another_name_keeps_its_base(tmp_path: Path) -> None:
    original = instance(tmp_path / "dev", str(tmp_path / "dev" / "basedisk"))

    lean_on_neighbour(str(original), str(original))
    os.rename(original, tmp_path / "web")

    assert disk_format(str(tmp_path / "web" / "disk")) == "qcow2"


def test_a_disk_that_names_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    copy = instance(tmp_path / "copy", "/etc/passwd")
    (tmp_path / "other").mkdir()
    before = (copy / "diffdisk").read_bytes()

    lean_on_neighbour(str(copy), str(tmp_path / "other"))

    assert (copy / "diffdisk").read_bytes() == before


def test_a_raw_disk_and_none_at_all_are_fine(tmp_path: Path) -> None:
    lean_on_neighbour(str(tmp_path), str(tmp_path))
    (tmp_path / "disk").write_bytes(b"\1" * 4096)
    (tmp_path / "diffdisk").write_bytes(b"QFI\xfb but torn".ljust(4096, b"\xff"))

    lean_on_neighbour(str(tmp_path), str(tmp_path))

    assert (tmp_path / "disk").read_bytes() == b"\1" * 4096
