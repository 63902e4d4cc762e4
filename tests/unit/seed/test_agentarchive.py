"""The archive of the guest agent: a zip file with the same bytes for the same files."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hpack import huffman_table
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hypothesis import given
from hypothesis import strategies as st

from limavm.seed.agentarchive import CONTENTS, archive, compacted, make


def test_names_are_sorted_and_times_are_fixed() -> None:
    content = archive({"b.py": b"b", "a/a.py": b"a"})

    with zipfile.ZipFile(io.BytesIO(content)) as found:
        members = found.infolist()
        assert found.read(CONTENTS) == b"a/a.py\nb.py\n"
    assert [member.filename for member in members] == [CONTENTS, "a/a.py", "b.py"]
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
    assert content == archive({"a/a.py": b"a", "b.py": b"b"})


def test_the_files_are_joined_by_licences_and_a_way_to_begin(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x = 1\n")

    content = make({"x.py": str(tmp_path / "x")}, ["h2", "not-installed"])

    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.read("x.py") == b"x = 1\n"
        assert {"__main__.py", "LICENSES/h2/LICENSE"} < set(found.namelist())


HUFFMAN = Path(huffman_table.__file__).read_text()
COMPACT: dict[str, Any] = {"__name__": huffman_table.__name__, "__package__": "hpack"}
exec(compacted(HUFFMAN, huffman_table.HUFFMAN_TABLE), COMPACT)


def test_the_table_of_huffman_codes_is_the_same_with_less_to_compile() -> None:
    source = compacted(HUFFMAN, huffman_table.HUFFMAN_TABLE)

    assert COMPACT["HUFFMAN_TABLE"] == huffman_table.HUFFMAN_TABLE
    assert len(source) < len(HUFFMAN) / 2
    assert HUFFMAN[: HUFFMAN.index("HUFFMAN_TABLE = [")].startswith(source[:2000])  # the licence is there


@given(st.binary(min_size=1))
def test_what_was_encoded_is_decoded_by_it(text: bytes) -> None:
    encoded = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH).encode(text)

    assert COMPACT["decode_huffman"](encoded) == text


@pytest.mark.parametrize(
    ("source", "table"),
    [
        ("TABLE = []\n", [(1, 2, 3)]),
        ("HUFFMAN_TABLE = [(1, 2)]\n", [(1, 2)]),
        ("HUFFMAN_TABLE = [(1, 2, 300)]\n", [(1, 2, 300)]),
        ("HUFFMAN_TABLE = []\nHUFFMAN_TABLE = [(1, 2, 3)]\n", [(1, 2, 3)]),
    ],
)
def test_a_release_that_looks_different_is_left_as_it_is(source: str, table: list[tuple[int, ...]]) -> None:
    assert compacted(source, table) == source


def test_the_archive_has_the_compact_table(tmp_path: Path) -> None:
    content = make({"hpack/huffman_table.py": huffman_table.__file__}, [])

    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.read("hpack/huffman_table.py").decode() == compacted(HUFFMAN, huffman_table.HUFFMAN_TABLE)
