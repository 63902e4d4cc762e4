"""Which disk format a file has, told by its content, and whether a stranger's file may be used.

The order of detection is that of spec/runtime.md 13.6. What is found here is later named to QEMU
explicitly, so that it never guesses from bytes that a guest may have written.
"""

import os
import struct
from enum import StrEnum

from limavm.errors import UserError
from limavm.images import qcow2, vmdk


class Format(StrEnum):
    """A disk format, spelled as qemu-img spells it; ISO9660 is raw for QEMU, and never converted."""

    QCOW2 = "qcow2"
    VMDK = "vmdk"
    VHDX = "vhdx"
    VDI = "vdi"
    PARALLELS = "parallels"
    VPC = "vpc"
    ASIF = "asif"
    ISO9660 = "iso9660"
    RAW = "raw"


_SECTOR = 512
_VDI_MAGIC = (0x40, struct.pack("<I", 0xBEDA107F))
_ISO9660_MAGIC = (0x8001, b"CD001")
_HEADS: list[tuple[bytes, Format]] = [
    (qcow2.MAGIC, Format.QCOW2),
    *((magic, Format.VMDK) for magic in vmdk.MAGICS),
    (b"vhdxfile", Format.VHDX),
    (b"WithoutFreeSpace", Format.PARALLELS),
    (b"WithouFreSpacExt", Format.PARALLELS),
    (b"conectix", Format.VPC),
    (b"shdw", Format.ASIF),
]


def detect_format(path: str) -> Format:
    """The format of the file at `path`; raw when nothing else fits."""
    with open(path, "rb") as file:
        head = file.read(_ISO9660_MAGIC[0] + 16)
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - _SECTOR))
        tail = file.read(_SECTOR)
    return format_of(head, tail)


def format_of(head: bytes, tail: bytes) -> Format:
    """The format of a file with these first 32 KiB and this last sector."""
    for magic, found in _HEADS:
        if head.startswith(magic):
            return found
    if head[_VDI_MAGIC[0] :].startswith(_VDI_MAGIC[1]):
        return Format.VDI
    if tail.startswith(b"conectix"):  # a fixed VHD has nothing but a footer
        return Format.VPC
    if head[_ISO9660_MAGIC[0] :].startswith(_ISO9660_MAGIC[1]):
        return Format.ISO9660
    return Format.RAW


def accept_image(path: str) -> Format:
    """The format of an untrusted image; raises UserError when using it could reach other files of the host."""
    found = detect_format(path)
    if not os.path.getsize(path):
        raise UserError("the image is empty", where=path)
    problems = _problems(path, found)
    if problems:
        raise UserError(
            "the image is refused: " + "; ".join(problems),
            where=path,
            hint="use an image that is complete in one file (`qemu-img convert -O qcow2 IT NEW` makes one)",
        )
    return found


def _problems(path: str, found: Format) -> list[str]:
    match found:
        case Format.QCOW2:
            try:
                return qcow2.flaws(qcow2.read_header(path))
            except ValueError as error:
                return [str(error)]
        case Format.VMDK:
            with open(path, "rb") as file:
                return vmdk.flaws(file.read(vmdk.HEADER_LIMIT))
        case Format.ASIF:
            return ["ASIF is Apple's own format, which QEMU does not read"]
        case _:
            return []


def virtual_size(path: str, found: Format) -> int:
    """The size in bytes that a guest sees; only for qcow2 and what is used as raw. Raises UserError."""
    if found is Format.QCOW2:
        try:
            return qcow2.read_header(path).size
        except ValueError as error:
            raise UserError(str(error), where=path) from error
    size = os.path.getsize(path)
    return -(-size // _SECTOR) * _SECTOR
