import hashlib
from pathlib import Path

import pytest

from limavm.images.part import Origin, Part, sweep_origin

URL = "http://images.invalid/a"


def test_the_digest_goes_on_with_the_bytes_that_are_there(tmp_path: Path) -> None:
    path = str(tmp_path / "part")
    with Part(path, URL, "sha512") as part:
        part.restart(Origin(url=URL, size=6))
        part.write(b"one")

    with Part(path, URL, "sha512") as part:
        part.write(b"two")

        assert part.hex == hashlib.sha512(b"onetwo").hexdigest()
        assert (part.size, part.complete) == (6, True)


def test_finishing_gives_the_bytes_their_name_and_leaves_nothing_else(tmp_path: Path) -> None:
    with Part(str(tmp_path / "part"), URL) as part:
        part.restart(Origin(url=URL))
        part.write(b"content")
        part.finish(str(tmp_path / "data"))

    assert (tmp_path / "data").read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("etag", "modified", "wanted"),
    [
        ('"strong"', "date", '"strong"'),
        ('W/"weak"', "date", "date"),
        ("", "date", "date"),
        ("unquoted", "", ""),
        ("", "", ""),
    ],
)
def test_only_a_strong_etag_or_a_date_proves_that_bytes_are_the_same(
    etag: str, modified: str, wanted: str, tmp_path: Path
) -> None:
    with Part(str(tmp_path / "part"), URL) as part:
        part.restart(Origin(url=URL, etag=etag, modified=modified))

        assert part.validator == wanted


def test_without_an_announced_size_nothing_is_known_to_be_complete(tmp_path: Path) -> None:
    with Part(str(tmp_path / "part"), URL) as part:
        assert not part.complete
        part.restart(Origin(url=URL))
        assert not part.complete
        assert not part.exceeded_by(1 << 40)


def test_the_origin_of_a_part_that_was_just_finished_is_swept(tmp_path: Path) -> None:
    (tmp_path / "data.part.json").write_text("{}")

    sweep_origin(str(tmp_path / "data.part"))
    sweep_origin(str(tmp_path / "data.part"))

    assert list(tmp_path.iterdir()) == []


def test_the_origin_of_a_part_that_is_there_is_kept(tmp_path: Path) -> None:
    for name in ("data.part", "data.part.json"):
        (tmp_path / name).write_text("{}")

    sweep_origin(str(tmp_path / "data.part"))

    assert len(list(tmp_path.iterdir())) == 2
