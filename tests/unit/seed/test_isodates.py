"""Dates of ECMA-119 and Rock Ridge, in images that were laid out by pycdlib."""

import io
import time

import pycdlib
import pytest

from limavm.seed.isodates import set_dates

DATE = bytes([101, 9, 9, 1, 46, 40, 0])  # 1_000_000_000: 2001-09-09 01:46:40 UTC


def image(*, joliet: bool, rock_ridge: bool, files: int = 1) -> bytearray:
    iso = pycdlib.PyCdlib()
    iso.new(joliet=3 if joliet else None, rock_ridge="1.09" if rock_ridge else None)
    for number in range(files):
        iso.add_fp(
            io.BytesIO(b"x"),
            1,
            f"/F{number:04}.;1",
            rr_name=f"file-{number}" if rock_ridge else None,
            joliet_path=f"/file-{number}" if joliet else None,
        )
    data = io.BytesIO()
    iso.write_fp(data)
    iso.close()
    return bytearray(data.getvalue())


@pytest.mark.parametrize("joliet", [False, True])
@pytest.mark.parametrize("rock_ridge", [False, True])
@pytest.mark.parametrize("files", [0, 1, 100])
def test_every_date_becomes_the_given_one(joliet: bool, rock_ridge: bool, files: int) -> None:
    dated = set_dates(image(joliet=joliet, rock_ridge=rock_ridge, files=files), 1_000_000_000)

    for now in (time.localtime(), time.gmtime()):
        assert bytes([now.tm_year - 1900, now.tm_mon, now.tm_mday]) not in dated
        assert time.strftime("%Y%m%d", now).encode() not in dated
    # Root record, `.`, `..` and each file, in each of the trees; three stamps more in each Rock Ridge entry.
    trees = 1 + joliet
    assert dated.count(DATE) >= trees * (3 + files) + rock_ridge * 3 * files


def test_nothing_but_dates_changes() -> None:
    original = image(joliet=True, rock_ridge=True, files=3)

    dated = set_dates(bytearray(original), 1_000_000_000)

    assert len(dated) == len(original)
    assert set_dates(bytearray(original), 0) == set_dates(dated, 0)
