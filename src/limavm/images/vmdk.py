"""What a VMDK file refers to: only a sparse file that is complete in itself is acceptable.

Every other kind lists extents, names of further files that QEMU would open. Layout: VMware's
"Virtual Disk Format 5.0".
"""

import re
import struct

MAGICS = (b"KDMV", b"COWD", b"# Disk Descriptor", b"# Disk descriptor")
#: Header and embedded descriptor are within this much of the file's beginning in every known writer.
HEADER_LIMIT = 1 << 20

_SECTOR = 512
#: magic, version, flags, capacity, grain size, descriptor offset and size, all in sectors.
_SPARSE = struct.Struct("<4sIIQQQQ")
_COMPLETE = ("monolithicsparse", "streamoptimized")
_NO_PARENT = "ffffffff"


def flaws(head: bytes) -> list[str]:
    """Why a VMDK that begins with `head` must not be used, empty when it is complete in itself."""
    if not head.startswith(b"KDMV") or len(head) < _SPARSE.size:
        return ["it is a VMDK that lists other files of this host as its extents"]
    _, _, _, capacity, _, offset, sectors = _SPARSE.unpack_from(head)
    if not capacity or not offset or not sectors:
        return ["its VMDK header has no size or no descriptor"]
    start, end = offset * _SECTOR, (offset + sectors) * _SECTOR
    if end > len(head):
        return ["its VMDK descriptor is outside of the header"]
    return _descriptor_flaws(head[start:end].split(b"\0", 1)[0].decode(errors="replace"))


def _descriptor_flaws(text: str) -> list[str]:
    values = {key.lower(): value.lower() for key, value in re.findall(r'^\s*(\w+)\s*=\s*"?([^"\r\n]*)"?', text, re.M)}
    extents = re.findall(r"^\s*(?:RW|RDONLY|NOACCESS)\b.*$", text, re.M | re.I)
    found = []
    if values.get("createtype") not in _COMPLETE:
        found.append(f"it is a VMDK of type {values.get('createtype', 'unknown')!r}, which lists other files")
    if "parentfilenamehint" in values or values.get("parentcid", _NO_PARENT).strip() != _NO_PARENT:
        found.append("it is a VMDK that wants another file of this host as its parent")
    if len(extents) != 1:
        found.append(f"it is a VMDK with {len(extents)} extents instead of one")
    return found
