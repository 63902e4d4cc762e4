import subprocess
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.images.formats import Format, accept_image, detect_format, format_of, virtual_size
from tests.unit.images.qcow2file import Fields, header


@pytest.mark.parametrize("wanted", ["qcow2", "vmdk", "vhdx", "vdi", "parallels", "vpc", "raw"])
def test_what_qemu_img_makes_is_recognized_and_accepted(wanted: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    subprocess.run(["qemu-img", "create", "-f", wanted, path, "8M"], check=True, capture_output=True)

    assert detect_format(str(path)) == wanted
    assert accept_image(str(path)) == wanted


def test_a_fixed_vhd_is_known_by_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    argv = ["qemu-img", "create", "-f", "vpc", "-o", "subformat=fixed", str(path), "8M"]
    subprocess.run(argv, check=True, capture_output=True)

    assert detect_format(str(path)) is Format.VPC


def test_an_iso_is_known_by_its_volume_descriptor() -> None:
    assert format_of(bytes(0x8001) + b"CD001\1", b"") is Format.ISO9660


@pytest.mark.parametrize("head", [b"", b"Q", b"QFI", bytes(100_000), b"MZ", b"\x55\xaa" * 10])
def test_everything_else_is_raw(head: bytes) -> None:
    assert format_of(head, head[-512:]) is Format.RAW


@pytest.mark.parametrize(
    "content",
    [
        b"",
        header(backing=b"/etc/shadow"),
        header(Fields(incompatible=4)),
        header(Fields(version=9)),
        b"QFI\xfb",
        b"# Disk DescriptorFile\nRW 1 FLAT '/etc/shadow' 0",
        b"shdw" + bytes(600),
    ],
)
def test_an_image_that_could_reach_other_files_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)

    with pytest.raises(UserError, match="the image is"):
        accept_image(str(path))


def test_the_size_is_what_the_guest_sees(tmp_path: Path) -> None:
    (tmp_path / "qcow2").write_bytes(header(Fields(size=1 << 30)))
    (tmp_path / "raw").write_bytes(bytes(513))

    assert virtual_size(str(tmp_path / "qcow2"), Format.QCOW2) == 1 << 30
    assert virtual_size(str(tmp_path / "raw"), Format.RAW) == 1024


def test_the_size_of_a_broken_header_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"QFI\xfb")

    with pytest.raises(UserError, match="cut off"):
        virtual_size(str(tmp_path / "a"), Format.QCOW2)
