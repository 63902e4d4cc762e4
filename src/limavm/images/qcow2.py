"""The header of a qcow2 file: bytes in, facts out; and what makes a downloaded one unacceptable.

A qcow2 file may name other files of the host (a backing file, an external data file), which QEMU
would open: an image from somewhere else must not. Layout: QEMU's docs/interop/qcow2.txt.
"""

import struct

import msgspec

MAGIC = b"QFI\xfb"
#: The largest cluster, and with it the largest header.
HEADER_LIMIT = 1 << 21

_V2 = struct.Struct(">4sIQIIQIIQQIIQ")
_V3 = struct.Struct(">QQQII")
_EXTENSION = struct.Struct(">II")
_BACKING_FORMAT = 0xE2792ACA
_DATA_FILE_NAME = 0x44415441

_CORRUPT = 1 << 1
_DATA_FILE = 1 << 2
#: Dirty, corrupt, external data file, compression type, extended L2 entries.
_KNOWN_FEATURES = 0b11111


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What limavm needs of a qcow2 header; `size` is the guest's disk size in bytes."""

    version: int
    size: int
    cluster_bits: int
    encryption: int
    l1_offset: int
    incompatible: int
    #: How many snapshots there are inside of it.
    snapshots: int = 0
    backing: str = ""
    backing_format: str = ""
    data_file: str = ""


def parse_header(data: bytes) -> Header:
    """The header at the beginning of `data`, which holds the first cluster (at least what there is of it).

    Raises ValueError with a sentence when it is no header or contradicts itself.
    """
    if not data.startswith(MAGIC):
        raise ValueError("the file does not begin like a qcow2 image")
    if len(data) < _V2.size:
        raise ValueError("the qcow2 header is cut off")
    _, version, backing_at, backing_length, bits, size, encryption, l1_entries, l1_offset, *rest = _V2.unpack_from(data)
    if version not in (2, 3):
        raise ValueError(f"qcow2 version {version} is unknown")
    if not 9 <= bits <= 21:
        raise ValueError(f"the cluster size of 2^{bits} bytes is outside the format's limits")
    _check_size(size, bits, l1_entries)
    cluster = data[: 1 << bits]
    length, incompatible = _features(cluster) if version == 3 else (_V2.size, 0)
    end = backing_at if backing_at else len(cluster)
    extensions = _extensions(cluster[:end], length)
    return Header(
        version=version,
        size=size,
        cluster_bits=bits,
        encryption=encryption,
        l1_offset=l1_offset,
        incompatible=incompatible,
        snapshots=rest[2],
        backing=_backing_name(cluster, backing_at, backing_length),
        backing_format=extensions.get(_BACKING_FORMAT, b"").decode(errors="replace"),
        data_file=extensions.get(_DATA_FILE_NAME, b"").decode(errors="surrogateescape"),
    )


def _check_size(size: int, bits: int, l1_entries: int) -> None:
    # An L1 entry leads to one cluster of 8-byte L2 entries, each for one cluster of data; with
    # extended L2 entries (16 bytes) more L1 entries are needed, never fewer.
    needed = -(-size // (1 << (bits + bits - 3)))
    if size >= 1 << 63 or l1_entries < needed:
        raise ValueError(f"the qcow2 header claims {size} bytes, which its tables cannot map")


def _features(cluster: bytes) -> tuple[int, int]:
    if len(cluster) < _V2.size + _V3.size:
        raise ValueError("the qcow2 header is cut off")
    incompatible, _, _, _, length = _V3.unpack_from(cluster, _V2.size)
    if length < _V2.size + _V3.size or length % 8 or length > len(cluster):
        raise ValueError(f"the qcow2 header claims an impossible length of {length} bytes")
    return length, incompatible


def _extensions(area: bytes, offset: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while offset + _EXTENSION.size <= len(area):
        kind, length = _EXTENSION.unpack_from(area, offset)
        offset += _EXTENSION.size
        if kind == 0:
            break
        if length > len(area) - offset:
            raise ValueError("a qcow2 header extension is longer than the header")
        found[kind] = area[offset : offset + length]
        offset += -(-length // 8) * 8
    return found


def _backing_name(cluster: bytes, offset: int, length: int) -> str:
    if not offset:
        return ""
    if not 0 < length <= 1023 or offset < _V2.size or offset + length > len(cluster):
        raise ValueError("the qcow2 header places the backing file's name outside of itself")
    return cluster[offset : offset + length].decode(errors="surrogateescape")


def flaws(header: Header, *, backing_allowed: bool = False) -> list[str]:
    """Why an image with this header must not be used, empty when it may be."""
    found = []
    if header.backing and not backing_allowed:
        found.append(f"it wants another file of this host, {header.backing!r}, as its backing file")
    if header.incompatible & _DATA_FILE or header.data_file:
        found.append(f"it keeps its data in another file of this host, {header.data_file!r}")
    if header.encryption:
        found.append("it is encrypted")
    if header.incompatible & _CORRUPT:
        found.append("it is marked as corrupt")
    if header.incompatible & ~_KNOWN_FEATURES:
        found.append(f"it needs unknown features ({header.incompatible & ~_KNOWN_FEATURES:#x})")
    return found


def read_header(path: str) -> Header:
    """The header of a file; raises ValueError as `parse_header` does."""
    with open(path, "rb") as file:
        return parse_header(file.read(HEADER_LIMIT))
