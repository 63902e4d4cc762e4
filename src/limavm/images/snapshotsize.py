"""What each snapshot in a qcow2 file holds: clusters that its tables lead to, and those to which no others lead.

Read from the tables themselves, because qemu-img tells nothing of it. The file may belong to a machine that runs,
and then be ahead of its tables or behind: nothing is written, and what leads outside of the file does not count.
Layout: QEMU's docs/interop/qcow2.txt.
"""

import contextlib
import os
import struct
import sys
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from limavm.images.qcow2 import MAGIC
from limavm.model.value import Value

_HEADER = struct.Struct(">4sI12xI12xIQ12xIQQ")
_SNAPSHOT = struct.Struct(">QIHH20xI")
_ENTRY = 8
_OFFSET = 0x00FF_FFFF_FFFF_FE00
_COMPRESSED = 1 << 62
_EXTENDED_L2 = 1 << 4
#: QEMU has the same limits.
_MOST_SNAPSHOTS = 65536
_LARGEST_L1 = 32 << 20
_LARGEST_EXTRA = 1024


class SnapshotSize(Value, frozen=True, kw_only=True):
    """Bytes: `occupied` of what the snapshot leads to, `own` of what would be free in the file without it."""

    tag: str
    occupied: int
    own: int


def snapshot_sizes(path: str) -> list[SnapshotSize]:
    """The snapshots of a file, in its order; none for what is no qcow2 file, or a damaged one.

    Raises OSError when it cannot be read.
    """
    with open(path, "rb") as file, contextlib.suppress(ValueError, struct.error):
        return _Tables(file).sizes()
    return []


class _Tables:
    """One file; the second tables that several snapshots have are read once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        data = file.read(_HEADER.size)
        magic, version, bits, l1_entries, l1, count, snapshots, features = _HEADER.unpack(data)
        if magic != MAGIC or version not in (2, 3) or not 9 <= bits <= 21 or count > _MOST_SNAPSHOTS:
            raise ValueError("this is no qcow2 file that we know")
        self._bits = bits
        self._step = 2 if version == 3 and features & _EXTENDED_L2 else 1
        self._active = (l1, l1_entries)
        self._snapshots = (snapshots, count)
        self._seen: dict[int, frozenset[int]] = {}

    def sizes(self) -> list[SnapshotSize]:
        """The snapshots with what they hold."""
        found = [(tag, self._clusters(*table)) for tag, table in self._found()]
        if not found:
            return []
        holders = Counter(self._clusters(*self._active))
        for _, clusters in found:
            holders.update(clusters)
        return [
            SnapshotSize(
                tag=tag,
                occupied=len(clusters) << self._bits,
                own=sum(holders[cluster] == 1 for cluster in clusters) << self._bits,
            )
            for tag, clusters in found
        ]

    def _found(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Tag and first table of each snapshot."""
        at, count = self._snapshots
        for _ in range(count):
            l1, entries, id_length, tag_length, extra = _SNAPSHOT.unpack(self._read(at, _SNAPSHOT.size))
            if extra > _LARGEST_EXTRA:
                raise ValueError("the table of snapshots is damaged")
            start = at + _SNAPSHOT.size + extra + id_length
            yield self._read(start, tag_length).decode(errors="replace"), (l1, entries)
            at = (start + tag_length + 7) & ~7

    def _clusters(self, l1: int, entries: int) -> set[int]:
        """The clusters of a first table, those of all that it leads to among them."""
        if entries * _ENTRY > _LARGEST_L1:
            raise ValueError("a table is larger than any may be")
        found = set(range(l1 >> self._bits, (l1 + entries * _ENTRY + (1 << self._bits) - 1) >> self._bits))
        for entry in _numbers(self._read(l1, entries * _ENTRY)):
            if l2 := entry & _OFFSET:
                found |= self._below(l2)
        return found

    def _below(self, l2: int) -> frozenset[int]:
        if l2 not in self._seen:
            length = 1 << self._bits
            numbers = _numbers(self._read(l2, length))[:: self._step] if l2 + length <= self._size else array("Q")
            data = {cluster for entry in numbers if entry and (cluster := self._cluster(entry)) is not None}
            self._seen[l2] = frozenset(data | {l2 >> self._bits})
        return self._seen[l2]

    def _cluster(self, entry: int) -> int | None:
        """Where the data of an entry are; None for zeros, and for what is outside of the file."""
        mask = (1 << (62 - (self._bits - 8))) - 1 if entry & _COMPRESSED else _OFFSET
        offset = entry & mask
        return offset >> self._bits if 0 < offset < self._size else None

    def _read(self, offset: int, length: int) -> bytes:
        self._file.seek(min(offset, self._size))
        data = self._file.read(length)
        if len(data) != length:
            raise ValueError("a table ends beyond the file")
        return data


def _numbers(data: bytes) -> "array[int]":
    found = array("Q", data)
    if sys.byteorder == "little":
        found.byteswap()
    return found
