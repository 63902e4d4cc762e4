"""Images are read back with pycdlib's own reader, name space by name space."""

import io
import stat
import time
from pathlib import Path
from typing import Any

import pycdlib
import pytest

from limavm.errors import UserError
from limavm.seed.iso import iso_bytes, write_iso

FILES = {
    "user-data": b"#cloud-config\n",
    "empty": b"",
    "boot.sh": b"#!/bin/sh\n",
    "boot.essential.Linux/00-alpine-user-group.sh": b"#!/bin/sh\n:\n",
    "provision.data/00000003": bytes(range(256)) * 50,
    "a/b/c": b"deep",
}


def opened(path: Path) -> pycdlib.PyCdlib:
    iso = pycdlib.PyCdlib()
    iso.open(str(path))
    return iso


def record(iso: pycdlib.PyCdlib, **where: str) -> Any:
    return iso.get_record(**where)


def content(iso: pycdlib.PyCdlib, **where: str) -> bytes:
    data = io.BytesIO()
    iso.get_file_from_iso_fp(data, **where)
    return data.getvalue()


def test_rock_ridge_and_joliet_show_every_file_under_its_full_name(tmp_path: Path) -> None:
    write_iso(FILES, str(tmp_path / "cidata.iso"))

    iso = opened(tmp_path / "cidata.iso")
    assert {name: content(iso, rr_path=f"/{name}") for name in FILES} == FILES
    assert {name: content(iso, joliet_path=f"/{name}") for name in FILES} == FILES
    iso.close()


def test_the_volume_is_found_by_its_label(tmp_path: Path) -> None:
    write_iso(FILES, str(tmp_path / "cidata.iso"))

    # Where blkid and the kernel look: the volume identifier of the primary descriptor.
    assert (tmp_path / "cidata.iso").read_bytes()[0x8028:0x8048].decode().rstrip() == "cidata"


def test_scripts_are_executable_and_nothing_else_is(tmp_path: Path) -> None:
    write_iso(FILES, str(tmp_path / "cidata.iso"))

    iso = opened(tmp_path / "cidata.iso")
    modes = {name: record(iso, rr_path=f"/{name}").rock_ridge.get_file_mode() for name in FILES}
    assert {name for name, mode in modes.items() if mode & stat.S_IXUSR} == {
        "boot.sh",
        "boot.essential.Linux/00-alpine-user-group.sh",
    }
    iso.close()


def test_equal_files_give_equal_bytes_in_whatever_order_they_come() -> None:
    first = iso_bytes(FILES, label="cidata", timestamp=0)

    assert iso_bytes(dict(reversed(FILES.items())), label="cidata", timestamp=0) == first


def test_the_time_of_writing_appears_nowhere_in_the_image() -> None:
    image = iso_bytes(FILES, label="cidata", timestamp=0)

    for now in (time.localtime(), time.gmtime()):
        assert bytes([now.tm_year - 1900, now.tm_mon, now.tm_mday]) not in image
        assert time.strftime("%Y%m%d", now).encode() not in image


def test_everything_in_the_image_bears_the_given_time(tmp_path: Path) -> None:
    write_iso(FILES, str(tmp_path / "cidata.iso"), timestamp=1_000_000_000)  # 2001-09-09 01:46:40 UTC

    iso = opened(tmp_path / "cidata.iso")
    for where in ({"rr_path": "/a/b/c"}, {"joliet_path": "/a/b/c"}, {"rr_path": "/a"}, {"joliet_path": "/a"}):
        date = record(iso, **where).date
        assert (date.years_since_1900, date.month, date.day_of_month, date.hour, date.gmtoffset) == (101, 9, 9, 1, 0)
    assert iso.pvd.volume_creation_date.record().startswith(b"2001090901464000")
    rock_ridge = record(iso, rr_path="/boot.sh").rock_ridge
    assert rock_ridge.dr_entries.tf_record.modification_time.record()[:3] == bytes([101, 9, 9])
    iso.close()


def test_many_files_need_more_than_one_sector_of_names(tmp_path: Path) -> None:
    files = {f"provision.system/{number:08}": b"#!/bin/sh\n" for number in range(200)}

    write_iso(files, str(tmp_path / "cidata.iso"), timestamp=0)

    iso = opened(tmp_path / "cidata.iso")
    assert content(iso, rr_path="/provision.system/00000199") == b"#!/bin/sh\n"
    assert record(iso, rr_path="/provision.system/00000199").date.years_since_1900 == 70
    iso.close()


@pytest.mark.parametrize("name", ["", "a//b", "/a", "../a", "x" * 31, "d/" + "x" * 31])
def test_a_name_that_the_image_cannot_carry_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be a name in the seed"):
        write_iso({name: b""}, str(tmp_path / "cidata.iso"))

    assert list(tmp_path.iterdir()) == []


def test_an_old_image_is_replaced_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "cidata.iso"
    path.write_bytes(b"old")

    write_iso(FILES, str(path))

    assert path.stat().st_size > 2048 * 16
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
