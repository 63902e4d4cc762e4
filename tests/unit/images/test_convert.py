import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.images.convert import as_usable, convert_args
from limavm.images.formats import Format
from tests.unit.images.recording import Recorder


def beside(tmp_path: Path) -> Callable[[Callable[[str], None]], str]:
    def place(make: Callable[[str], None]) -> str:
        make(str(tmp_path / "converted"))
        return str(tmp_path / "converted")

    return place


@pytest.mark.parametrize("found", ["vmdk", "vhdx", "vdi", "vpc", "parallels"])
def test_images_of_other_virtualizers_become_raw(found: str, tmp_path: Path, report: Recorder) -> None:
    (tmp_path / "raw").write_bytes(b"content".ljust(4 << 20, b"\0"))
    argv = ["qemu-img", "convert", "-f", "raw", "-O", found, str(tmp_path / "raw"), str(tmp_path / "a")]
    subprocess.run(argv, check=True)

    path = as_usable(str(tmp_path / "a"), beside(tmp_path), report)

    assert Path(path).read_bytes().startswith(b"content")
    assert report.lines == [f"Converting the image from {found} to raw"]


@pytest.mark.parametrize("head", [b"raw", bytes(0x8001) + b"CD001"])
def test_what_qemu_uses_well_stays_as_it_is(head: bytes, tmp_path: Path, report: Recorder) -> None:
    (tmp_path / "a").write_bytes(head)

    assert as_usable(str(tmp_path / "a"), beside(tmp_path), report) == str(tmp_path / "a")


def test_a_damaged_image_is_an_error(tmp_path: Path, report: Recorder) -> None:
    (tmp_path / "a").write_bytes(b"vhdxfile" + bytes(1000))

    with pytest.raises(UserError, match="qemu-img failed"):
        as_usable(str(tmp_path / "a"), beside(tmp_path), report)


def test_the_format_is_named_to_qemu_img() -> None:
    assert convert_args("/a", Format.VDI, "/b") == ["convert", "-f", "vdi", "-O", "raw", "/a", "/b"]
