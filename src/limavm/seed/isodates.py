"""Dates inside an ISO 9660 image, set after it was laid out.

Only the fields of ECMA-119 8.4 (volume descriptors) and 9.1 (directory records) and of the Rock Ridge
entry TF (RRIP 4.1.6) are touched; everything else in the image stays as it is.
"""

import struct
import time
from collections.abc import Iterator

_SECTOR = 2048
_FIRST_DESCRIPTOR = 16
_TERMINATOR = 255
_WITH_DIRECTORIES = (1, 2)  # primary and supplementary (Joliet)
_ROOT_RECORD = 156
_VOLUME_DATES = (813, 830, 864)  # creation, modification, effective; 847 is the expiration, left unset
_IS_DIRECTORY = 0x02


def set_dates(image: bytearray, timestamp: int) -> bytearray:
    """Set every date of the image to `timestamp` (seconds, UTC); returns the same bytearray."""
    now = time.gmtime(timestamp)
    record_date = struct.pack(
        "6Bb", now.tm_year - 1900, now.tm_mon, now.tm_mday, now.tm_hour, now.tm_min, now.tm_sec, 0
    )
    volume_date = time.strftime("%Y%m%d%H%M%S", now).encode() + b"00\0"
    for base in _descriptors(image):
        for offset in _VOLUME_DATES:
            image[base + offset : base + offset + len(volume_date)] = volume_date
        _date_tree(image, base + _ROOT_RECORD, record_date)
    return image


def _descriptors(image: bytearray) -> Iterator[int]:
    base = _FIRST_DESCRIPTOR * _SECTOR
    while image[base] != _TERMINATOR:
        if image[base] in _WITH_DIRECTORIES:
            yield base
        base += _SECTOR


def _date_tree(image: bytearray, directory: int, date: bytes) -> None:
    """Date a directory record and, recursively, all records in the directory."""
    _date_record(image, directory, date)
    for number, record in enumerate(_records(image, directory)):
        _date_record(image, record, date)
        # The first two records are the directory itself and its parent.
        if number >= 2 and image[record + 25] & _IS_DIRECTORY:
            _date_tree(image, record, date)


def _records(image: bytearray, directory: int) -> Iterator[int]:
    extent, size = struct.unpack_from("<I4xI", image, directory + 2)
    position, end = extent * _SECTOR, extent * _SECTOR + size
    while position < end:
        if image[position]:
            yield position
            position += image[position]
        else:  # records do not cross sectors: the rest of this one is empty
            position = (position // _SECTOR + 1) * _SECTOR


def _date_record(image: bytearray, record: int, date: bytes) -> None:
    image[record + 18 : record + 25] = date
    name_length = image[record + 32]
    entry = record + 33 + name_length + (name_length + 1) % 2
    end = record + image[record]
    while entry + 4 <= end and image[entry + 2] >= 4:
        if image[entry : entry + 2] == b"TF":
            stamps = range(entry + 5, entry + image[entry + 2], len(date))
            for stamp in stamps:
                image[stamp : stamp + len(date)] = date
        entry += image[entry + 2]
