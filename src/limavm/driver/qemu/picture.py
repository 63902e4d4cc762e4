"""Pictures of a screen: read as QEMU writes them (PPM), written as PNG or BMP. Pure.

QEMU writes PNG itself since 7.1, where it was built so; PPM is what each of them has.
"""

import re
import struct
import zlib
from collections.abc import Callable

from limavm.model.value import Value

_PPM = re.compile(rb"P6\s+(\d{1,5})\s+(\d{1,5})\s+255\s")
_BMP_HEADERS = struct.Struct("<2sIHHIIiiHHIIiiII")
#: Dots in a metre at 72 in an inch, which is what programs take for "unknown".
_DENSITY = 2835


class Picture(Value, frozen=True, kw_only=True):
    """Rows from the top, three bytes a dot: red, green, blue."""

    width: int
    height: int
    rgb: bytes

    def rows(self, dots: bytes) -> list[bytes]:
        """`dots`, which are as many as ours, in rows."""
        size = 3 * self.width
        return [dots[start : start + size] for start in range(0, len(dots), size)]


def parse_ppm(data: bytes) -> Picture:
    """A picture of 8 bits a colour; raises ValueError for anything else, and when a part is missing."""
    header = _PPM.match(data)
    if header is None:
        raise ValueError("no PPM of 8 bits a colour")
    width, height = int(header[1]), int(header[2])
    size = 3 * width * height
    rgb = data[header.end() : header.end() + size]
    if not rgb or len(rgb) < size:
        raise ValueError(f"{len(rgb)} of {size} bytes of a picture")
    return Picture(width=width, height=height, rgb=rgb)


def png(picture: Picture) -> bytes:
    """A PNG file (RFC 2083)."""
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)
    lines = b"".join(b"\0" + row for row in picture.rows(picture.rgb))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bmp(picture: Picture) -> bytes:
    """A BMP file of 24 bits a dot: blue, green, red, the lowest row first, rows in steps of four bytes."""
    bgr = bytearray(picture.rgb)
    bgr[0::3], bgr[2::3] = picture.rgb[2::3], picture.rgb[0::3]
    padding = bytes(-3 * picture.width % 4)
    body = b"".join(row + padding for row in reversed(picture.rows(bytes(bgr))))
    at = _BMP_HEADERS.size
    size = (picture.width, picture.height)
    head = _BMP_HEADERS.pack(
        *(b"BM", at + len(body), 0, 0, at),
        *(40, *size, 1, 24, 0, len(body), _DENSITY, _DENSITY, 0, 0),
    )
    return head + body


#: By the name of the kind.
WRITERS: dict[str, Callable[[Picture], bytes]] = {"png": png, "bmp": bmp}
