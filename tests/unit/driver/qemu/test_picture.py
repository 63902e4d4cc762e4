"""Pictures: what is read of PPM, and what PNG and BMP look like."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.driver.qemu.picture import WRITERS, Picture, bmp, parse_ppm, png

RED, GREEN, BLUE = b"\xff\0\0", b"\0\xff\0", b"\0\0\xff"
#: Two rows of three dots.
SMALL = Picture(width=3, height=2, rgb=RED + GREEN + BLUE + BLUE + BLUE + RED)


def test_a_ppm_is_read_as_qemu_writes_it() -> None:
    assert parse_ppm(b"P6\n3 2\n255\n" + SMALL.rgb) == SMALL


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"P5\n3 2\n255\n" + SMALL.rgb,
        b"P6\n3 2\n65535\n" + SMALL.rgb,
        b"P6\n3 2\n255\n" + SMALL.rgb[:-1],
        b"P6\n0 2\n255\n",
        b"P6\n999999 2\n255\n" + SMALL.rgb,
        b"P6\n-3 2\n255\n" + SMALL.rgb,
    ],
)
def test_what_is_no_whole_picture_of_eight_bits_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"PPM|picture"):
        parse_ppm(data)


@given(st.binary(max_size=60))
def test_no_bytes_do_more_than_raise_a_value_error(data: bytes) -> None:
    for text in (data, b"P6\n" + data):
        try:
            parse_ppm(text)
        except ValueError:
            continue


def test_a_png_holds_the_rows_from_the_top() -> None:
    data = png(SMALL)

    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks = {}
    rest = data[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        name, body = rest[4:8], rest[8 : 8 + length]
        assert struct.unpack(">I", rest[8 + length : 12 + length]) == (zlib.crc32(name + body),)
        chunks[name] = body
        rest = rest[12 + length :]
    assert [*chunks] == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (3, 2, 8, 2, 0, 0, 0)
    assert zlib.decompress(chunks[b"IDAT"]) == b"\0" + RED + GREEN + BLUE + b"\0" + BLUE + BLUE + RED


def test_a_bmp_holds_the_rows_from_the_bottom_each_filled_up_to_four_bytes() -> None:
    data = bmp(SMALL)

    size, at = struct.unpack_from("<2xI4xI", data)
    header, width, height, planes, bits = struct.unpack_from("<IiiHH", data, 14)
    assert (data[:2], size, at) == (b"BM", len(data), 54)
    assert (header, width, height, planes, bits) == (40, 3, 2, 1, 24)
    # Blue comes first here, so what RED says is blue.
    assert data[at:] == RED + RED + BLUE + b"\0\0\0" + BLUE + GREEN + RED + b"\0\0\0"


def test_each_kind_has_its_writer() -> None:
    assert {"png": png, "bmp": bmp} == WRITERS
