import bz2
import gzip
import lzma
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.images.decompress import Compression, compression_of, decompress
from tests.unit.images.sparse import allocated

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Compress = Callable[[bytes], bytes]
PACK: dict[Compression, Compress] = {
    Compression.GZIP: gzip.compress,
    Compression.BZIP2: bz2.compress,
    Compression.XZ: lzma.compress,
    Compression.ZSTD: zstd.compress,
}
CONTENT = os.urandom(200_000) + bytes(5 << 20) + os.urandom(3_000)
KINDS = pytest.mark.parametrize("kind", list(Compression))


def unpack(tmp_path: Path, kind: Compression, data: bytes, limit: int = 1 << 40) -> Path:
    (tmp_path / "packed").write_bytes(data)
    decompress(str(tmp_path / "packed"), str(tmp_path / "out"), kind, limit=limit)
    return tmp_path / "out"


@KINDS
def test_what_was_compressed_comes_back(kind: Compression, tmp_path: Path) -> None:
    assert unpack(tmp_path, kind, PACK[kind](CONTENT)).read_bytes() == CONTENT


@KINDS
def test_zeros_become_holes(kind: Compression, tmp_path: Path) -> None:
    out = unpack(tmp_path, kind, PACK[kind](CONTENT + bytes(3 << 20)))

    assert out.stat().st_size == len(CONTENT) + (3 << 20)
    assert allocated(out) < 1 << 20


@KINDS
def test_members_that_follow_each_other_are_one_file(kind: Compression, tmp_path: Path) -> None:
    data = PACK[kind](b"one") + PACK[kind](b"") + PACK[kind](b"two")

    assert unpack(tmp_path, kind, data).read_bytes() == b"onetwo"


@KINDS
def test_an_empty_member_is_an_empty_file(kind: Compression, tmp_path: Path) -> None:
    assert unpack(tmp_path, kind, PACK[kind](b"")).read_bytes() == b""


@KINDS
@pytest.mark.parametrize("keep", [0, 1, 3, 20, 1000, -1, -5])
def test_a_truncated_stream_is_an_error(kind: Compression, keep: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"the {kind} data are damaged"):
        unpack(tmp_path, kind, PACK[kind](CONTENT)[:keep])


@KINDS
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_a_damaged_stream_is_an_error(kind: Compression, share: float, tmp_path: Path) -> None:
    data = bytearray(lzma.compress(CONTENT, check=lzma.CHECK_CRC64) if kind is Compression.XZ else PACK[kind](CONTENT))
    if kind is Compression.ZSTD:  # a checksum is optional there
        data = bytearray(zstd.compress(CONTENT, options={zstd.CompressionParameter.checksum_flag: 1}))
    data[int(len(data) * share)] ^= 0x55

    with pytest.raises(UserError, match="damaged"):
        unpack(tmp_path, kind, bytes(data))


@KINDS
@pytest.mark.parametrize("rest", [b"x", b"something else entirely", b"\0\0\0\0junk"])
def test_something_after_the_end_is_an_error(kind: Compression, rest: bytes, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="damaged"):
        unpack(tmp_path, kind, PACK[kind](b"content") + rest)


@pytest.mark.parametrize("kind", [Compression.GZIP, Compression.XZ])
def test_zeros_after_the_end_are_padding(kind: Compression, tmp_path: Path) -> None:
    data = PACK[kind](b"one") + bytes(4) + PACK[kind](b"two") + bytes(2 << 20)

    assert unpack(tmp_path, kind, data).read_bytes() == b"onetwo"


def test_skippable_zstd_frames_are_skipped(tmp_path: Path) -> None:
    skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
    data = skippable + zstd.compress(b"one") + skippable + zstd.compress(b"two") + skippable

    assert unpack(tmp_path, Compression.ZSTD, data).read_bytes() == b"onetwo"


@KINDS
def test_a_bomb_is_stopped_at_the_limit(kind: Compression, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="more than 1000000 bytes"):
        unpack(tmp_path, kind, PACK[kind](b"A" * 50_000_000), limit=1_000_000)

    assert (tmp_path / "out").stat().st_size <= 1_000_000


@KINDS
def test_progress_counts_the_compressed_bytes(kind: Compression, tmp_path: Path) -> None:
    data = PACK[kind](CONTENT)
    (tmp_path / "packed").write_bytes(data)
    seen: list[int] = []

    decompress(str(tmp_path / "packed"), str(tmp_path / "out"), kind, advance=seen.append)

    assert sum(seen) == len(data)


@pytest.mark.parametrize(
    ("name", "head", "wanted"),
    [
        ("a.img.gz", b"", Compression.GZIP),
        ("a.BZ2", b"", Compression.BZIP2),
        ("a.xz", b"\x1f\x8b", Compression.XZ),
        ("a.zst", b"", Compression.ZSTD),
        ("vmlinuz", b"\x1f\x8b\x08", Compression.GZIP),
        ("vmlinuz", b"MZ\0\0", None),
        ("a", b"\xfd7zXZ\0", Compression.XZ),
        ("a", b"\x28\xb5\x2f\xfd", Compression.ZSTD),
        ("a", b"BZh9", Compression.BZIP2),
        ("a.qcow2", b"QFI\xfb", None),
        ("a", b"", None),
    ],
)
def test_the_name_decides_and_then_the_first_bytes(name: str, head: bytes, wanted: Compression | None) -> None:
    assert compression_of(name, head) == wanted
