"""Hand-made qcow2 headers, good and bad."""

import struct
from typing import NamedTuple


class Fields(NamedTuple):
    version: int = 3
    backing_at: int = 0
    backing_length: int = 0
    bits: int = 16
    size: int = 1 << 30
    encryption: int = 0
    l1_entries: int = 2
    incompatible: int = 0
    length: int = 104


def header(fields: Fields | None = None, extensions: bytes = b"\0" * 8, backing: bytes = b"") -> bytes:
    """A first cluster of 64 KiB; a backing name is put at 4096."""
    f = fields or Fields()
    if backing:
        f = f._replace(backing_at=4096, backing_length=len(backing))
    data = struct.pack(
        ">4sIQIIQIIQQIIQ",
        b"QFI\xfb",
        f.version,
        f.backing_at,
        f.backing_length,
        f.bits,
        f.size,
        f.encryption,
        f.l1_entries,
        0x30000,
        0x10000,
        1,
        0,
        0,
    )
    if f.version >= 3:
        data += struct.pack(">QQQII", f.incompatible, 0, 0, 4, f.length)
    data += extensions
    return data.ljust(4096, b"\0")[:4096] + backing.ljust(65536 - 4096, b"\0")


def extension(kind: int, data: bytes) -> bytes:
    return struct.pack(">II", kind, len(data)) + data.ljust(-(-len(data) // 8) * 8, b"\0")
