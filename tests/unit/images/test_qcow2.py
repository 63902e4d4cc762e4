import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.images.qcow2 import flaws, parse_header, read_header
from tests.unit.images.qcow2file import Fields, extension, header


def qemu_img(*argv: str, cwd: Path) -> None:
    subprocess.run(["qemu-img", *argv], cwd=cwd, check=True, capture_output=True)


@pytest.mark.parametrize(
    "options",
    ["compat=0.10", "compat=1.1", "cluster_size=512", "cluster_size=2M", "extended_l2=on", "lazy_refcounts=on"],
)
def test_what_qemu_img_makes_is_read_and_accepted(options: str, tmp_path: Path) -> None:
    qemu_img("create", "-f", "qcow2", "-o", options, "a", "3G", cwd=tmp_path)

    found = read_header(str(tmp_path / "a"))

    assert found.size == 3 << 30
    assert found.backing == ""
    assert flaws(found) == []


def test_a_backing_file_is_read_and_refused(tmp_path: Path) -> None:
    qemu_img("create", "-f", "raw", "base", "1M", cwd=tmp_path)
    qemu_img("create", "-f", "qcow2", "-F", "raw", "-b", "base", "a", cwd=tmp_path)

    found = read_header(str(tmp_path / "a"))

    assert (found.backing, found.backing_format) == ("base", "raw")
    assert "'base'" in flaws(found)[0]
    assert flaws(found, backing_allowed=True) == []


def test_an_external_data_file_is_refused(tmp_path: Path) -> None:
    qemu_img("create", "-f", "qcow2", "-o", "data_file=elsewhere", "a", "1M", cwd=tmp_path)

    found = read_header(str(tmp_path / "a"))

    assert found.data_file == "elsewhere"
    assert "'elsewhere'" in flaws(found)[0]


def test_the_feature_bit_alone_is_refused() -> None:
    assert flaws(parse_header(header(Fields(incompatible=1 << 2))))


def test_the_name_of_a_data_file_alone_is_refused() -> None:
    assert flaws(parse_header(header(extensions=extension(0x44415441, b"/etc/shadow") + bytes(8))))


def test_a_version_2_image_may_have_a_backing_file_too() -> None:
    assert flaws(parse_header(header(Fields(version=2), backing=b"/etc/shadow")))


@pytest.mark.parametrize("bit", [1, 5, 20, 63])
def test_corrupt_and_unknown_images_are_refused(bit: int) -> None:
    assert flaws(parse_header(header(Fields(incompatible=1 << bit))))


def test_a_dirty_image_is_accepted() -> None:
    assert flaws(parse_header(header(Fields(incompatible=1)))) == []


def test_an_encrypted_image_is_refused() -> None:
    assert flaws(parse_header(header(Fields(encryption=1)))) == ["it is encrypted"]


@pytest.mark.parametrize(
    "fields",
    [
        Fields(version=1),
        Fields(version=4),
        Fields(bits=8),
        Fields(bits=22),
        Fields(bits=0),
        Fields(size=1 << 63),
        Fields(size=1 << 50),
        Fields(l1_entries=1),
        Fields(length=72),
        Fields(length=107),
        Fields(length=1 << 30),
        Fields(backing_at=8, backing_length=4),
        Fields(backing_at=65530, backing_length=10),
        Fields(backing_at=1 << 60, backing_length=10),
        Fields(backing_at=4096, backing_length=0),
        Fields(backing_at=4096, backing_length=1024),
    ],
)
def test_a_header_that_lies_is_an_error(fields: Fields) -> None:
    with pytest.raises(ValueError, match=r"qcow2|cluster"):
        parse_header(header(fields))


def test_an_extension_beyond_the_header_is_an_error() -> None:
    with pytest.raises(ValueError, match="extension"):
        parse_header(header(extensions=b"\x12\x34\x56\x78\xff\xff\xff\xff"))


@pytest.mark.parametrize("length", [0, 3, 4, 71, 80, 103])
def test_a_header_that_is_cut_off_is_an_error(length: int) -> None:
    with pytest.raises(ValueError, match=r"cut off|does not begin"):
        parse_header(header()[:length])


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail_otherwise(junk: bytes) -> None:
    try:
        flaws(parse_header(b"QFI\xfb" + junk))
        flaws(parse_header(header()[:104] + junk))
    except ValueError:
        pass
