"""Decompression of gzip, bzip2, xz and zstd files, as a stream, into sparse files.

A file may hold several members one after the other (pigz, pbzip2, pixz and pzstd write such files).
Everything that is not whole is an error: truncated and damaged streams, and bytes after the end.
Which decoder is used is decided as in spec/runtime.md 13.2 step 6: by the name, else by the first bytes.
"""

import bz2
import lzma
import os
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import BinaryIO, Protocol

from isal import igzip_lib

from limavm.errors import UserError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_CHUNK = 1 << 20
#: Runs of zeros are found at this granularity; it is also the usual cluster size of qcow2.
_BLOCK = 1 << 16
_ZEROS = bytes(_BLOCK)
#: More than any image that a person would compress; ends a decompression bomb.
LIMIT = 1 << 39
#: Enough for `xz -9` many times over.
_XZ_MEMORY = 1 << 30


class Compression(StrEnum):
    """A kind of compressed file."""

    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"


_EXTENSIONS = {
    ".gz": Compression.GZIP,
    ".bz2": Compression.BZIP2,
    ".xz": Compression.XZ,
    ".zst": Compression.ZSTD,
}
_MAGIC = {
    b"\x1f\x8b": Compression.GZIP,
    b"BZ": Compression.BZIP2,
    b"\xfd7zXZ\0": Compression.XZ,
    b"\x28\xb5\x2f\xfd": Compression.ZSTD,
}
#: Zeros may follow the last member: tapes for gzip, the stream padding of the xz file format (2.2).
_PADDED = (Compression.GZIP, Compression.XZ)


_ISAL_ERROR: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment] # its stubs say: an instance
_DAMAGE = (EOFError, ValueError, lzma.LZMAError, zstd.ZstdError, _ISAL_ERROR)


class _Decoder(Protocol):
    """What the decoders of all four kinds have in common, following bz2."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def compression_of(name: str, head: bytes) -> Compression | None:
    """The compression of a file called `name` that begins with `head`, None when it has none."""
    if kind := _EXTENSIONS.get(os.path.splitext(name)[1].lower()):
        return kind
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def compression_of_file(path: str, name: str) -> Compression | None:
    """The compression of the file at `path`, which its origin calls `name`."""
    with open(path, "rb") as file:
        return compression_of(name, file.read(8))


def decompress(
    source: str,
    target: str,
    kind: Compression,
    *,
    limit: int = LIMIT,
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Write the content of a compressed file to `target`, leaving holes for zeros.

    `advance` is told the compressed bytes as they are read. Raises UserError when the source is
    damaged, cut off, followed by something else, or larger than `limit`; the caller owns `target`
    and removes it then.
    """
    with open(source, "rb", buffering=0) as reader, open(target, "wb", buffering=0) as writer:
        try:
            size = _pour(_members(kind, _reading(reader, advance)), writer, limit)
        except _DAMAGE as error:
            raise _damaged(source, kind, str(error)) from error
        except OSError as error:
            if error.errno is None:  # bz2's way to say that the data are damaged
                raise _damaged(source, kind, str(error)) from error
            raise
        writer.truncate(size)


def _damaged(source: str, kind: Compression, reason: str) -> UserError:
    return UserError(
        f"the {kind} data are damaged: {reason}",
        where=source,
        hint="get the file again, or add a digest to the template so that this is seen earlier",
    )


def _reading(reader: BinaryIO, advance: Callable[[int], None]) -> Callable[[], bytes]:
    def read() -> bytes:
        chunk = reader.read(_CHUNK)
        advance(len(chunk))
        return chunk

    return read


def _members(kind: Compression, read: Callable[[], bytes]) -> Iterator[bytes]:
    """The decompressed bytes of all members, in pieces of at most `_CHUNK`."""
    rest = read()
    while True:
        decoder = _decoder(kind)
        while not decoder.eof:
            if decoder.needs_input and not rest and not (rest := read()):
                raise EOFError("the file ends too early")
            yield decoder.decompress(rest, _CHUNK)
            rest = b""
        rest = decoder.unused_data or read()
        if kind in _PADDED:
            while rest and not (rest := rest.lstrip(b"\0")):
                rest = read()
        if not rest:
            return
        if not _may_follow(kind, rest):
            raise EOFError("something else follows the end of the compressed data")


def _may_follow(kind: Compression, rest: bytes) -> bool:
    magic = next(magic for magic, known in _MAGIC.items() if known is kind)
    # 0x184D2A5? in little endian begins a skippable frame, which pzstd writes (RFC 8878, 3.1.2).
    skippable = kind is Compression.ZSTD and rest[1:4] == b"\x2a\x4d\x18"[: len(rest) - 1]
    return rest.startswith(magic[: len(rest)]) or skippable


def _decoder(kind: Compression) -> _Decoder:
    decoder: _Decoder
    match kind:
        case Compression.GZIP:
            decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        case Compression.BZIP2:
            decoder = bz2.BZ2Decompressor()
        case Compression.XZ:
            decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)
        case Compression.ZSTD:
            decoder = zstd.ZstdDecompressor()
    return decoder


def _pour(pieces: Iterator[bytes], writer: BinaryIO, limit: int) -> int:
    """Write pieces one after the other, skipping blocks of zeros; the number of bytes they make."""
    size = 0
    for piece in pieces:
        if size + len(piece) > limit:
            raise EOFError(f"they unpack to more than {limit} bytes")
        view = memoryview(piece)
        for start in range(0, len(view), _BLOCK):
            block = view[start : start + _BLOCK]
            if block != _ZEROS[: len(block)]:
                _write_at(writer, size + start, block)
        size += len(piece)
    return size


def _write_at(writer: BinaryIO, offset: int, block: memoryview) -> None:
    writer.seek(offset)
    while block:
        block = block[writer.write(block) :]
