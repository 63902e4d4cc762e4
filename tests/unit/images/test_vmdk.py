import struct
import subprocess
from pathlib import Path

import pytest

from limavm.images.vmdk import HEADER_LIMIT, flaws


def make(tmp_path: Path, subformat: str) -> bytes:
    subprocess.run(
        ["qemu-img", "create", "-f", "vmdk", "-o", f"subformat={subformat}", "a.vmdk", "8M"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    return (tmp_path / "a.vmdk").read_bytes()[:HEADER_LIMIT]


@pytest.mark.parametrize("subformat", ["monolithicSparse", "streamOptimized"])
def test_a_file_complete_in_itself_is_accepted(subformat: str, tmp_path: Path) -> None:
    assert flaws(make(tmp_path, subformat)) == []


@pytest.mark.parametrize("subformat", ["monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat"])
def test_a_list_of_extents_is_refused(subformat: str, tmp_path: Path) -> None:
    assert flaws(make(tmp_path, subformat))


def sparse(descriptor: str, *, capacity: int = 100, offset: int = 1, sectors: int = 4) -> bytes:
    head = struct.pack("<4sIIQQQQ", b"KDMV", 1, 3, capacity, 128, offset, sectors)
    return head.ljust(512, b"\0") + descriptor.encode().ljust(4 * 512, b"\0")


GOOD = 'parentCID=ffffffff\ncreateType="monolithicSparse"\nRW 100 SPARSE "a.vmdk"\n'


def test_the_smallest_good_descriptor_is_accepted() -> None:
    assert flaws(sparse(GOOD)) == []


@pytest.mark.parametrize(
    "descriptor",
    [
        "",
        GOOD.replace("ffffffff", "12345678"),
        GOOD + 'parentFileNameHint="/etc/shadow"\n',
        GOOD + 'RW 100 FLAT "/etc/shadow" 0\n',
        GOOD.replace("monolithicSparse", "vmfsSparse"),
        GOOD.replace("RW 100", "# 100"),
    ],
)
def test_a_descriptor_that_names_other_files_is_refused(descriptor: str) -> None:
    assert flaws(sparse(descriptor))


@pytest.mark.parametrize(
    "head",
    [
        b"KDMV",
        b"COWD" + bytes(100),
        b"# Disk DescriptorFile\n",
        sparse(GOOD, capacity=0),
        sparse(GOOD, offset=0),
        sparse(GOOD, sectors=0),
        sparse(GOOD, offset=1 << 60),
    ],
)
def test_a_header_that_lies_is_refused(head: bytes) -> None:
    assert flaws(head)
