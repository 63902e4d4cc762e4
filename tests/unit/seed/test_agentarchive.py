"""The archive of the guest agent: a zip file with the same bytes for the same files."""

import io
import zipfile
from pathlib import Path

from limavm.seed.agentarchive import CONTENTS, archive, make


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
